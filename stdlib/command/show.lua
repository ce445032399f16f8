--- `moonlab show ID`: what a run was told, where it comes from, what it reached and where it lies.
local command_line = require "command_line"
local host_run = require "host.run"
local json = require "json_text"
local liveness = require "liveness"
local run_page = require "run_page"
local runner = require "runner"
local system = require "host.system"
local tabulate = require "tabulate"

-- "name       text" on lines of the terminal's width, further lines below the text.
local function tell(name, text, width)
  local words, line = {}, nil
  local room = width - 11
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  local lines = {}
  for _, word in ipairs(words) do
    if line and tabulate.width(line) + 1 + tabulate.width(word) <= room then
      line = line .. " " .. word
    else
      if line then lines[#lines + 1] = line end
      line = word
    end
  end
  lines[#lines + 1] = line
  print(("%-10s %s"):format(name, table.concat(lines, "\n" .. (" "):rep(11))))
end

local function pairs_of(title, list, format)
  if #list == 0 then return end
  local widest = 0
  for _, pair in ipairs(list) do widest = math.max(widest, tabulate.width(pair[1])) end
  print("\n" .. title)
  for _, pair in ipairs(list) do print(("  %s  %s"):format(tabulate.pad(pair[1], widest), format(pair[2]))) end
end

local function write_json(run, record)
  local meta = run:meta()
  local metrics = {}
  for i, pair in ipairs(run_page.metrics(record)) do metrics[i] = { pair[1], pair[2] or json.null } end
  print(json.encode(json.object {
    { "id", run:id() }, { "status", liveness.status(run) }, { "folder", run:path() }, { "epoch", record.epoch or json.null },
    { "step", record.step or json.null }, { "seconds", record.seconds or json.null },
    { "metrics", json.object(metrics) }, { "meta", meta },
  }))
end

local function write_text(run, record)
  local width = system.isatty "stdout" and system.terminal_width(80) or 80
  for _, fact in ipairs(run_page.facts(run, record)) do
    if fact[1] == "folder" or fact[1] == "script" then print(("%-10s %s"):format(fact[1], fact[2]))
    else tell(fact[1], fact[2], width) end
  end
  pairs_of("parameters", run_page.params(run:meta()), tostring)
  pairs_of(record.final and "metrics after training" or "last metrics", run_page.metrics(record), function(value)
    return value and ("%.6g"):format(value) or "-"
  end)
  local artifacts = run_page.artifacts(run)
  if #artifacts > 0 then
    print "\nartifacts"
    for _, name in ipairs(artifacts) do print("  " .. name) end
  end
  if system.stat(run:path() .. "/error.txt") then
    print "\nerror"
    local lines = {}
    for line in run:read "error.txt":gmatch "[^\n]+" do lines[#lines + 1] = line end
    for i = 1, math.min(#lines, 12) do print("  " .. lines[i]) end
    if #lines > 12 then print(("  ... %d more lines in %s/error.txt"):format(#lines - 12, run:path())) end
  end
end

return {
  usage = "ID",
  summary = "one run: where it comes from, what it reached and left",
  help = "  ID          a unique part of a run's beginning or end, or last\n"
    .. "  --config    the resolved configuration alone, as JSON\n"
    .. "  --json      all of it as a line of JSON",
  flags = { "--config", "--json" },
  main = function(_, words)
    if not words[1] then
      return command_line.complain("show", "which run? moonlab show ID (moonlab ls lists them)")
    elseif words[2] then
      return command_line.complain("show", ("takes one run, got '%s' too; moonlab diff A B compares two"):format(words[2]))
    end
    local _, code = command_line.attempt("show", 1, function()
      local run = host_run.open(runner.store(), words[1])
      if words.config then
        io.stdout:write((run:read "config.json":gsub("%s*$", "")), "\n")
        return
      end
      local records = run:metrics()
      local write = words.json and write_json or write_text
      write(run, records[#records] or {})
    end)
    return code
  end,
}
