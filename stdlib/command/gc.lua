--- `moonlab gc`: what of the store is of no use any more; removed with --yes only.
local collection = require "collection"
local command_line = require "command_line"
local runner = require "runner"
local scalars = require "language.scalars"
local system = require "host.system"
local tabulate = require "tabulate"

local kUnused = 30 * 86400 -- seconds

local function size(bytes)
  return bytes >= 1e9 and ("%.1f GB"):format(bytes / 1e9) or bytes >= 1e6 and ("%.1f MB"):format(bytes / 1e6)
    or ("%.0f kB"):format(math.max(bytes, 1) / 1e3)
end

local function counted(n) return ("%d place%s"):format(n, n == 1 and "" or "s") end

return {
  usage = "[--older TIME] [--yes]",
  summary = "what of the store may go; removed with --yes only",
  help = [[
Lists smoke runs, runs that were killed, interrupted or failed longer ago than
TIME, weights of trials that a sweep has pruned, half-written files, and
features that were cached longer ago than TIME (30 days where not given). Never
what is running, what finished, or what a sweep needs to go on.

  --older TIME    90s, 15m, 2h, 7d (default 7d)
  --yes           removes them]],
  flags = { "--older TIME", "--yes" },
  main = function(_, words)
    if words[1] then return command_line.complain("gc", ("takes no words, got '%s'"):format(words[1])) end
    local older = scalars.seconds(words.older or "7d")
    if not older then
      return command_line.complain("gc", ("--older takes a time such as 15m, 2h or 7d, got '%s'"):format(words.older))
    end
    local store = runner.store()
    local fine, found = command_line.attempt("gc", 1, collection.find, store,
      { older = older, unused = words.older and older or kUnused })
    if not fine then return found end
    if #found == 0 then
      print("nothing to remove in " .. store)
      return 0
    end
    if words.yes then
      local count, bytes, problems = collection.remove(store, found)
      print(("%s removed, %s"):format(counted(count), size(bytes)))
      for _, problem in ipairs(problems) do io.stderr:write("moonlab gc: left alone: ", problem, "\n") end
      return #problems == 0 and 0 or 1
    end
    local rows, sum = {}, 0
    for i, item in ipairs(found) do
      rows[i], sum = { size(item.bytes), item.why, item.path }, sum + item.bytes
    end
    local width = system.isatty "stdout" and system.terminal_width(80) or math.huge
    for line in tabulate.text({ "size", "why", "what" }, rows, "rll"):gmatch "[^\n]+" do print(tabulate.cut(line, width)) end
    print(("%s, %s; moonlab gc%s --yes removes them"):format(counted(#found), size(sum),
      words.older and " --older " .. words.older or ""))
    return 0
  end,
}
