--- `moonlab show ID`: what a run was told, what it reached and where it lies.
local host_run = require "host.run"
local liveness = require "liveness"
local runner = require "runner"

return {
  usage = "ID",
  summary = "one run: configuration, overrides, metrics (ID: a unique part of its beginning or end, or last)",
  help = "  --config    the resolved configuration alone, as JSON",
  flags = { "--config" },
  main = function(args)
    local id, config
    for _, word in ipairs(args) do
      if word == "--config" then config = true else id = id or word end
    end
    if not id then
      io.stderr:write "moonlab show: which run? moonlab show ID (moonlab ls lists them)\n"
      return 2
    end
    local found, run = pcall(host_run.open, runner.store(), id)
    if not found then
      io.stderr:write("moonlab show: ", (tostring(run):match("^[^\n]*"):gsub("^%S*show%.lua:%d+: ", "")), "\n")
      return 1
    end
    if config then
      io.stdout:write(run:read "config.json", "\n")
      return 0
    end
    local meta, records = run:meta(), run:metrics()
    print(("%-10s %s"):format("run", run:id()))
    print(("%-10s %s"):format("status", liveness.status(run) .. (meta.smoke and ", smoke: the numbers mean nothing" or "")))
    print(("%-10s %s"):format("script", meta.script))
    print(("%-10s %s"):format("overrides", table.concat(meta.overrides or {}, " ")))
    print(("%-10s %d"):format("seed", meta.seed))
    print(("%-10s %s"):format("folder", run:path()))
    print(("%-10s %s"):format("config", meta.config_hash))
    local last = records[#records] or {}
    local keys = {}
    for key in pairs(last) do keys[#keys + 1] = key end
    table.sort(keys)
    for _, key in ipairs(keys) do
      if type(last[key]) == "number" then print(("  %-22s %.6g"):format(key, last[key])) end
    end
    return 0
  end,
}
