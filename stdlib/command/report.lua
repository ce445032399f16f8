--- `moonlab report RUN|ABLATION.lua -o out.html`: one page that opens anywhere, without a network.
local command_line = require "command_line"
local host_run = require "host.run"
local html_report = require "html_report"
local runner = require "runner"
local runs_of = require "runs_of"

local function write(path, text)
  local file, reason = io.open(path, "wb")
  if not file then error(("cannot write %s"):format(reason), 0) end
  local written, problem = file:write(text)
  local closed, late = file:close()
  if not (written and closed) then error(("cannot write %s: %s"):format(path, problem or late), 0) end
end

return {
  usage = "RUN|SWEEP|FILE.lua -o FILE.html",
  summary = "a run, a sweep or an ablation as one HTML page",
  help = "  RUN             a unique part of a run's beginning or end, or last\n"
    .. "  SWEEP           a sweep's id or name\n"
    .. "  FILE.lua        the script of a sweep or of an ablation that was run\n"
    .. "  -o FILE         where to; nothing in the page refers to another address",
  flags = { "-o --output FILE" },
  main = function(_, words)
    local what, output = words[1], words.output
    local problem = not what and "which run? moonlab report RUN -o FILE.html (moonlab ls lists them)"
      or words[2] and ("takes one run or ablation, got '%s' too"):format(words[2])
      or not output and "where to? moonlab report RUN -o FILE.html"
    if problem then return command_line.complain("report", problem) end
    local _, code = command_line.attempt("report", 1, function()
      local source = runs_of(what)
      local page = source.of_run and html_report.of_run(host_run.open(runner.store(), source.id), source)
        or source.directory and html_report.of_sweep(source, runner.store())
        or html_report.of_ablation(source, runner.store())
      write(output, page)
      io.stdout:write(output, "\n")
    end)
    return code
  end,
}
