--- `moonlab ls [WORD ...]`: the runs in the store, newest last, with what they reached. A run whose process is gone
-- without a word is "killed"; one that only showed that everything works says "smoke".
local host_run = require "host.run"
local liveness = require "liveness"
local runner = require "runner"
local system = require "host.system"
local tabulate = require "tabulate"

-- The record of the final evaluation, or the last one that there is.
local function last_record(run)
  local records = run:metrics()
  return records[#records] or {}
end

local function numbers(record)
  local keys, parts = {}, {}
  for key, value in pairs(record) do
    if key:find "%." and not key:match "^train%." and type(value) == "number" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do parts[#parts + 1] = ("%s %.4f"):format(key, record[key]) end
  return table.concat(parts, "  ")
end

return {
  usage = "[WORD ...]",
  summary = "the runs in the store, those whose line holds every WORD",
  flags = {},
  main = function(args)
    local store, rows = runner.store(), {}
    for _, entry in ipairs(host_run.list(store)) do
      local run = host_run.open(store, entry.id)
      local meta = run:meta()
      local row = { entry.id, liveness.status(run) .. (meta.smoke and ", smoke" or ""), numbers(last_record(run)),
                    table.concat(meta.overrides or {}, " ") }
      local line, matches = table.concat(row, " "), true
      for _, word in ipairs(args) do matches = matches and line:find(word, 1, true) ~= nil end
      if matches then rows[#rows + 1] = row end
    end
    if #rows == 0 then
      print(("no run in %s%s"):format(store, #args > 0 and " has " .. table.concat(args, " and ") or ""))
      return 0
    end
    local text = tabulate.text({ "run", "status", "result", "overrides" }, rows, "llll")
    local width = system.isatty "stdout" and system.terminal_width(80) or math.huge
    for line in text:gmatch "[^\n]+" do print(tabulate.cut(line, width)) end
    return 0
  end,
}
