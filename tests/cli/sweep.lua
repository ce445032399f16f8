-- Sweeps as a user runs them: from a script and from the command line, gone on with, killed, pruned, failing.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local function data_folder()
  local data = os.getenv "MOONLAB_DATA" or ""
  for folder in data:gmatch "[^:]+" do
    if system.stat(folder .. "/mnist") then return system.absolute(folder) end
  end
  t.skip(("no folder mnist in $MOONLAB_DATA ('%s')"):format(data))
end

local base = [[
local p = params { lr = 1e-2, epochs = 1, batch = 100, kind = "fine" }
return experiment "small" {
  data = mnist { fraction = 0.01, val = 0.1, batch = p.batch },
  model = trunk { vision.mlp { widths = { 16 } }, head = head.softmax {} },
  optim = adamw { lr = p.lr }, eval = { during = { "val" } },
  train = { epochs = p.epochs, checkpoint = "none", on = pick(p.kind, { fine = {}, large = { step = function(state)
    if #state.batch.y > 40 then error "CUDA out of memory: tried to allocate 2 GiB" end
  end }, broken = { step = function() error "a bug of the script" end } }) },
}
]]

local function start(folder, words, store)
  local o = { directory = folder, environment = { MOONLAB_STORE = folder .. "/" .. (store or "runs"),
                                                  MOONLAB_DATA = data_folder(), OMP_NUM_THREADS = "1" } }
  for i, word in ipairs(words) do o[i] = word end
  return program.start(o)
end

local function run(folder, words, code, store)
  local result = program.finish(start(folder, words, store))
  t.eq(result.code, code or 0, result.out .. result.err)
  return result.out, result.err
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

local function runs_of(folder, store)
  local count = 0
  for _, name in ipairs(system.list(folder .. "/" .. (store or "runs")) or {}) do
    count = count + (name:match "^%d+%-%d+%-" and 1 or 0)
  end
  return count
end

t.test("any experiment under values of the command line; more seeds run only what is new", function()
  local folder = program.folder { ["b.lua"] = base }
  local out = run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=0..1", "--dry-run" })
  t.eq(out, "small: 4 trials (2 cells, 2 seeds)\n1  lr=0.001, seed 0\n2  lr=0.001, seed 1\n3  lr=0.01, seed 0\n"
    .. "4  lr=0.01, seed 1\n")
  t.eq(runs_of(folder), 0)
  out = run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=0..1" })
  has(out, "4 trials (2 cells, 2 seeds), 2 at a time\n1/4  ", "\nlr              test.top1\n", "(2)\n")
  t.ok(not out:find "\27", out)
  out = run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=0..2" })
  has(out, "6 trials (2 cells, 3 seeds), 2 at a time; 4 in the store\n5/6  ", "(3)\n")
  t.eq(runs_of(folder), 6)
  local id = out:match "^(small%-%x+): "
  t.eq(select(2, run(folder, { "ls", "sweep=" .. id }):gsub(" done ", "")), 6)
  out = run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=0..2", "--json" })
  t.eq(select(2, out:gsub('"state":"done"', "")), 6, out)
  has(out, '{"cells":[{"label":"lr=0.001","trials":[{"metrics":{"test.top1":0.')
  system.remove(folder)
end)

t.test("what is wrong is told at once, with exit code 2", function()
  local folder = program.folder { ["b.lua"] = base,
                                  ["s.lua"] = 'return sweep "s" { base = "b.lua", grid = { lrr = { 1 } } }' }
  local function refused(words, ...)
    local out, err = run(folder, words, 2)
    t.eq(out, "")
    has(err, ...)
  end
  refused({ "sweep", "b.lua", "lr=1e-3,x" }, "override 'lr=x': parameter 'lr' must be a number, got 'x'")
  refused({ "sweep", "b.lua" },
    "nothing varies: b.lua is one experiment; give an axis, as in moonlab sweep b.lua lr=0.01,0.02")
  refused({ "sweep", "b.lua", "epohs=1,2" }, "override 'epohs=1': unknown parameter 'epohs'; did you mean 'epochs'?")
  refused({ "run", "b.lua", "lr=1,2" }, "several are an axis of 'sweep': moonlab sweep FILE lr=1,2")
  refused({ "run", "s.lua" }, "s.lua:1:45: unknown parameter 'lrr'; did you mean 'lr'?\n  return sweep")
  refused({ "sweep", "s.lua", "--jobs", "0" }, "--jobs takes a whole number from 1, got '0'")
  t.eq(system.stat(folder .. "/runs"), nil)
  system.remove(folder)
end)

t.test("pruned cells say where; none of their seeds is in a mean; the baseline goes on", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    grid = { lr = { 1e-6, 1e-5, 1e-2, 2e-2 } }, seeds = { 1, 2 }, derive = function() return { epochs = 3 } end,
    prune = asha { "val.top1", eta = 3, never = { lr = 1e-6 } } }]] }
  local out = run(folder, { "run", "s.lua" })
  has(out, "\n1e-05            pruned@1\n")
  t.ok(out:find "\n1e%-06   0%.%d+ ± 0%.%d+ %(2%)\n", out)
  t.eq(select(2, out:gsub("%d/8  [^\n]*  pruned at epoch 1", "")), 4, out)
  local listed = run(folder, { "ls" })
  t.eq(select(2, listed:gsub(" pruned ", "")), 4, listed)
  t.eq(run(folder, { "sweep", "s.lua", "-q" }), out:match "\n\n(.*)\n\n[^\n]* altogether" .. "\n")
  t.eq(runs_of(folder), 8)
  system.remove(folder)
end)

t.test("failures: retried, in no mean, listed; exit code 5; on_fail = stop stops", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    grid = { kind = { "broken", "fine", "large" } }, run = { jobs = 1, retry = { oom = "halve_batch" } } }]] }
  local out = run(folder, { "sweep", "s.lua" }, 5)
  has(out, "a bug of the script); started again\n", "kind=broken  failed (exit code 1): ",
    "out of memory with a batch of 100; again with 50, marked and in no mean",
    "out of memory with a batch of 50; again with 25, marked and in no mean", "(batch halved to 25)",
    "\n1 of 3 trials failed and are in no mean:\n  kind=broken: exit code 1: ")
  for _, row in ipairs { "broken           %-", "fine     0%.%d+ %(1%)", "large            %-" } do
    t.ok(out:find("\n" .. row .. "\n"), out)
  end
  out = run(folder, { "sweep", "s.lua", "run.on_fail=stop", "run.retry.crash=0" }, 5)
  has(out, "2 in the store", "stopped because a trial failed: 2 of 3 trials finished")
  system.remove(folder)
end)

t.test("an interrupted sweep says how it goes on, and resume does that from anywhere", function()
  local folder = program.folder { ["b.lua"] = base }
  local process = start(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=1..2", "epochs=100000" })
  local limit = system.clock() + 60
  while #(system.list(folder .. "/runs") or {}) < 3 and system.clock() < limit do system.sleep(0.1) end
  process:kill "INT"
  local result = program.finish(process)
  t.eq(result.code, 75, result.out .. result.err)
  has(result.out, "interrupted: 0 of 4 trials finished; the same command runs the rest, or\n")
  local id = result.out:match "\n  moonlab resume (%S+)\n"
  t.ok(id, result.out)
  local out = run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=1..2" })
  local finished = out:match "(small%-%x+): 4 trials"
  local o = { directory = "/", environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data_folder() },
              "resume", finished, "-q" }
  local again = program.run(o)
  t.eq({ again.code, again.out }, { 0, out:match "\n\n(lr .-\n)\n" }, again.err)
  system.remove(folder)
end)

t.test("a trial that takes too long is stopped", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    grid = { epochs = { 1, 100000 } }, run = { timeout = "3s" } }]] }
  run(folder, { "sweep", "s.lua", "epochs=1", "run.timeout=5m" })
  has(run(folder, { "sweep", "s.lua" }, 5), "1 at a time; 1 in the store",
    "epochs=100000  failed (exit code 75): stopped after 3.0 s", "1 of 2 trials failed")
  system.remove(folder)
end)

t.test("a search that learns: the same points again, and more of them", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    space = { lr = loguniform(1e-5, 1e-1) }, search = tpe { "val.top1", n = 5, startup = 2 }, seeds = { 1 } }]] }
  local out = run(folder, { "sweep", "s.lua" })
  local table_text = out:match "\n\n(lr .-)\n\n"
  t.eq(select(2, table_text:gsub("\n", "")), 6, out)
  t.eq(run(folder, { "sweep", "s.lua", "-q" }), table_text .. "\n")
  out = run(folder, { "sweep", "s.lua", "search.n=6" })
  has(out, "6 trials (6 cells, 1 seed)", (table_text:gsub("^[^\n]*\n[^\n]*\n", "")))
  t.eq(runs_of(folder), 6)
  system.remove(folder)
end)

t.test("smoke: each cell with one seed, marked, apart from what is real", function()
  local folder = program.folder { ["b.lua"] = base }
  has(run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "seed=0..4", "--smoke" }),
    "smoke: 3 steps on 128 samples; the numbers mean nothing", "2 trials (2 cells, 1 seed)")
  has(run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2", "--dry-run" }), "2 trials (2 cells, 1 seed)")
  t.ok(not run(folder, { "sweep", "b.lua", "lr=1e-3,1e-2" }):find("in the store", 1, true))
  system.remove(folder)
end)

-- How often the journal of a folder's only sweep says that each trial has ended: { [hash] = times }.
local function endings(folder)
  local found, total = {}, 0
  local sweeps = system.list(folder .. "/runs/sweeps")
  for line in io.lines(folder .. "/runs/sweeps/" .. sweeps[1] .. "/journal.log") do
    local what, hash = line:match "^[^\t]*\t(%l+)\t(%x+)"
    if what == "done" or what == "pruned" then found[hash], total = (found[hash] or 0) + 1, total + 1 end
  end
  return found, total
end

t.test("two at once share the trials, also the seeds of a cell that waits at a rung", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    grid = { lr = { 1e-5, 1e-3, 1e-2 }, epochs = { 3 } }, seeds = { 1, 2, 3 }, run = { pin = true, memory = 8 },
    prune = asha { "val.top1", eta = 3 } }]] }
  local one, other = start(folder, { "sweep", "s.lua" }), start(folder, { "sweep", "s.lua" })
  one, other = program.finish(one), program.finish(other)
  t.eq({ one.code, other.code }, { 0, 0 }, one.out .. one.err .. other.out .. other.err)
  t.eq(one.out:match "\n\n(lr .-\n)\n", other.out:match "\n\n(lr .-\n)\n")
  local found, total = endings(folder)
  t.eq(total, 9)
  for hash, times in pairs(found) do t.eq(times, 1, hash) end
  t.eq(runs_of(folder), 9)
  system.remove(folder)
end)

-- A process that this one started, or nil.
local function child_of(parent)
  for _, name in ipairs(system.list "/proc") do
    local file = name:match "^%d+$" and io.open("/proc/" .. name .. "/stat")
    if file then
      local above = file:read("*a"):match "^.*%) %a (%d+)"
      file:close()
      if tonumber(above) == parent then return tonumber(name) end
    end
  end
end

t.test("killed again and again it ends with the same table, no trial twice and none lost", function()
  local folder = program.folder { ["b.lua"] = base, ["s.lua"] = [[return sweep "s" { base = "b.lua",
    grid = { lr = { 1e-4, 1e-3, 1e-2 }, epochs = { 4 } }, seeds = { 1, 2 }, run = { retry = { crash = 9 } },
    prune = asha { "val.top1", eta = 3, min = 2 } }]] }
  local expected = run(folder, { "sweep", "s.lua", "-q" }, 0, "whole")
  for kill = 1, 4 do
    local process = start(folder, { "sweep", "s.lua" })
    local limit = system.clock() + 0.7 + 0.9 * kill
    while system.clock() < limit and not process:poll() do
      process:read()
      system.sleep(0.05)
      if kill % 2 == 0 and limit - system.clock() < 0.3 then -- one of its trials first
        local pid = child_of(process:pid())
        if pid then system.kill(pid, "KILL") end
      end
    end
    process:kill "KILL"
    process:wait(10)
  end
  run(folder, { "sweep", "s.lua" })
  t.eq(run(folder, { "sweep", "s.lua", "-q" }), expected)
  local found, total = endings(folder)
  t.eq(total, 6)
  for hash, times in pairs(found) do t.eq(times, 1, hash) end
  system.remove(folder)
end)
