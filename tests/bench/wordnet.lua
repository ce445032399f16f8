-- All nouns of WordNet as a label graph, and every path to every one of them, against a memoised Python program.
--
--     moonlab tests/bench/wordnet.lua [/path/to/python]

local host = require "host.graph"
local system = require "host.system"

local folder = "/usr/share/wordnet"
if not system.stat(folder .. "/data.noun") then
  print("no dictionary in " .. folder .. " (Debian's wordnet-base)")
  os.exit(69)
end

local function seconds(work)
  local best, result = math.huge, nil
  for _ = 1, 3 do
    local start = system.clock()
    result = work()
    best = math.min(best, system.clock() - start)
  end
  return best, result
end

local load, graph = seconds(function() return host.import("wordnet", { folder = folder }) end)
local paths, tensors = seconds(function() return graph:path_tensors(true) end)
local count = #tensors.label
local peer
if arg and arg[1] then
  local child = system.spawn { arg[1], MOONLAB_ROOT .. "/tests/bench/peers/wordnet.py", folder }
  local code, output = child:wait(600), child:read()
  if code ~= 0 then
    io.stderr:write("wordnet.py failed:\n", child:read_errors(), "\n")
    os.exit(1)
  end
  peer = { load = tonumber(output:match '"load": ([%d.e-]+)'), paths = tonumber(output:match '"paths": ([%d.e-]+)'),
           count = tonumber(output:match '"count": (%d+)') }
  if peer.count ~= count then error(("%d paths here, %d there"):format(count, peer.count)) end
end
local function row(what, ours, theirs)
  print(("%-40s %8.1f ms %s"):format(what, ours * 1e3,
    theirs and ("   Python %8.1f ms   ratio %.2f"):format(theirs * 1e3, ours / theirs) or ""))
end
print(("%d nodes, %d paths"):format(graph:size(), count))
row("read, check and link (Python: read)", load, peer and peer.load)
row("enumerate all paths into tensors", paths, peer and peer.paths)
