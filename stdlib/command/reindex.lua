--- `moonlab reindex`: makes the index of the store anew from the run directories.
local command_line = require "command_line"
local run_index = require "run_index"
local runner = require "runner"
local system = require "host.system"

return {
  usage = "",
  summary = "make the store's index anew from the run directories",
  help = "  STORE/index.db is what ls answers from. It is kept up to date by itself and\n"
    .. "  may be deleted at any time; nothing is lost with it.",
  flags = {},
  main = function(_, words)
    if words[1] then return command_line.complain("reindex", ("takes no words, got '%s'"):format(words[1])) end
    local started = system.clock()
    local index, changes = run_index.open(runner.store(), { anew = true })
    print(("%d run%s in %s, %.1f s"):format(changes.runs, changes.runs == 1 and "" or "s", runner.store(),
      system.clock() - started))
    return index:note():find "cannot be used" and 1 or 0
  end,
}
