-- How long `moonlab ls` takes over a store of many runs, as a process from start to end.
--
--     ./moonlab tests/bench/ls.lua [RUNS]
--
-- Makes a store of RUNS (10000) runs of 60 evaluations in a temporary folder: 400 cells of 25 seeds, 12 parameters and 90
-- options each. Prints medians of five calls, beside the start of the program alone: the time that passed, and the time
-- that processors were busy, which says more on a machine that does other things as well.
local system = require "host.system"

local count = tonumber(arg and arg[1]) or 10000
local folder = system.temporary_folder "moonlab-ls"
local store = folder .. "/runs"

local options = {}
for i = 1, 60 do options[i] = ('    "option_%02d": {"kind": "some.node", "value": %d}'):format(i, i) end
options = table.concat(options, ",\n")

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function make(i)
  local cell, seed = math.floor((i - 1) / 25), (i - 1) % 25
  local id = ("20260101-%06d-heads-%04x"):format(i, (i * 40503) % 65536)
  local path, lines = store .. "/" .. id, {}
  assert(system.mkdir(path))
  local lr, head = 10 ^ -(1 + cell % 5), ({ "onehot", "lwal", "lwr", "binary" })[cell % 4 + 1]
  for epoch = 1, 60 do
    lines[epoch] = ('{"epoch":%d,"seconds":%.3f,"step":%d,"train.ce":%.6f,"train.loss":%.6f,"val.top1":%.6f}'):format(
      epoch, epoch * 1.5, epoch * 100, 2 / epoch, 2 / epoch, 1 - 1 / (epoch + 1))
  end
  lines[61] = ('{"epoch":60,"final":true,"final_keys":["test.top1","test.ece"],"samples":10000,"seconds":90.5,'
    .. '"step":6000,"test.ece":%.6f,"test.top1":%.6f}'):format(0.05 + cell / 1e4, 0.8 + (i * 7919 % 1000) / 1e4)
  local params = {}
  for p = 1, 10 do params[p] = ('"p%d":%d'):format(p, p) end
  write(path .. "/metrics.jsonl", table.concat(lines, "\n") .. "\n")
  write(path .. "/meta.json", ('{"cell_hash":"%064d","code_id":"%064d","config_hash":"%064d","host":"here","name":"heads",'
    .. '"overrides":["lr=%g","head=%s","seed=%d"],"params":{"head":"%s","lr":%g,%s},"script":"heads.lua","seed":%d,'
    .. '"started":%d}'):format(cell, 1, i, lr, head, seed, head, lr, table.concat(params, ","), seed, 1767225600 + i))
  write(path .. "/config.json", ('{\n  "kind": "experiment",\n  "model": {\n%s\n  },\n  "optim": {"kind": "optim.adamw",'
    .. ' "lr": %g}, "cell": %d\n}\n'):format(options, lr, cell))
  write(path .. "/status", "done\n")
end

-- Seconds that passed, and seconds that processors were busy.
local function took(...)
  local process = system.spawn { "bash", "-c", "TIMEFORMAT='%R %U %S'; time \"$0\" \"$@\" >/dev/null", system.executable(),
                                 environment = { MOONLAB_STORE = store }, ... }
  local code = process:wait(600)
  local said = process:read_errors()
  local wall, user, kernel = said:match "([%d.]+) ([%d.]+) ([%d.]+)%s*$"
  assert(code == 0 and wall, said)
  return tonumber(wall), user + kernel
end

local function median(...)
  local walls, busy = {}, {}
  for i = 1, 5 do walls[i], busy[i] = took(...) end
  table.sort(walls)
  table.sort(busy)
  return walls[3], busy[3]
end

local function line(what, wall, busy) print(("%-44s %6.3f s %6.3f s"):format(what, wall, busy)) end

local started = system.clock()
for i = 1, count do make(i) end
print(("%d runs, made in %.1f s; two seconds later:"):format(count, system.clock() - started))
print(("%-44s %8s %8s"):format("", "time", "processor"))
system.sleep(2.2) -- what changed a moment ago is read again: not what is measured
line("start of the program (-e '')", median("-e", ""))
line("reindex, nothing indexed", took("reindex"))
line("ls, all runs printed", median("ls"))
line("ls --limit 40", median("ls", "--limit", "40"))
line("ls 'top1>0.85 head=lwal*' --sort -top1", median("ls", "top1>0.85 head=lwal*", "--sort", "-top1"))
line("ls 'optim.lr<1e-3' --limit 40", median("ls", "optim.lr<1e-3", "--limit", "40"))
line("ls --json", median("ls", "--json"))
make(count + 1)
line("ls --limit 40 after one new run", took("ls", "--limit", "40"))
line("reindex again", took("reindex"))
assert(system.remove(folder))
