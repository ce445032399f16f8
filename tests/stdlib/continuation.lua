-- What makes running again cheap and honest: configurations known by their hash, smoke runs apart, killed ones told.
local t = require "test"
local continuation = require "continuation"
local host_run = require "host.run"
local language = require "language"
local liveness = require "liveness"
local system = require "host.system"

local script = [[
params { lr = 1e-3 }
return ablate "rates" {
  seeds = { 1, 2 }, metrics = { "test.top1" },
  { "slow" }, { "fast", lr = 1e-2 },
  base = function(p)
    return experiment "rate" { data = mnist5k {}, model = trunk { vision.mlp {}, head = head.softmax {} },
                               optim = adamw { lr = p.lr } }
  end,
}
]]

local function evaluate(words) return assert(language.evaluate({ name = "s.lua", text = script }, words, { base = true })) end

local function finished(store, result, smoke, metrics)
  local run = host_run.create(store, { name = "rate", config = language.canonical(result), meta = {
    config_hash = continuation.config_hash(result, smoke), code_id = continuation.code_id(result.files) } })
  local record = { final = true, final_keys = {} }
  for i, pair in ipairs(metrics) do record[pair[1]], record.final_keys[i] = pair[2], pair[1] end
  run:add_metrics(record)
  run:set_status "done"
  return run
end

t.test("a trial is in the store when a run of its configuration has finished", function()
  local store = system.temporary_folder "moonlab-store"
  local whole = assert(language.evaluate({ name = "s.lua", text = script }, {}))
  local trials = language.trials(whole)
  local of = function(trial) return evaluate(trial.overrides) end
  t.eq((continuation.done(store, trials, of)), {})
  local run = finished(store, evaluate { "lr=0.01", "seed=2" }, false, { { "test.top1", 0.75 }, { "a.b", 0.5 } })
  finished(store, evaluate { "seed=1" }, true, { { "test.top1", 0.1 } })           -- a smoke run
  finished(store, evaluate { "lr=0.01", "seed=1" }, false, {}):set_status "failed" -- did not finish
  local done, other_code = continuation.done(store, trials, of)
  t.eq(other_code, 0)
  local places = {}
  for i in pairs(done) do places[#places + 1] = i end
  t.eq(places, { 4 })
  t.eq(trials[4].label, "fast")
  t.eq(done[4].metrics, { { "test.top1", 0.75 }, { "a.b", 0.5 } })
  t.eq(done[4].run, run:id())
  system.remove(store)
end)

t.test("a run made by other code is told apart", function()
  local store = system.temporary_folder "moonlab-store"
  local result = evaluate { "seed=1" }
  local run = finished(store, result, false, { { "test.top1", 0.75 } })
  local meta = run:meta()
  meta.code_id = "another"
  local file = io.open(run:path() .. "/meta.json", "w")
  file:write(('{"config_hash":"%s","code_id":"another"}'):format(meta.config_hash))
  file:close()
  local done, other_code = continuation.done(store, { { label = "slow" } }, function() return result end)
  t.eq({ #done, other_code }, { 1, 1 })
  system.remove(store)
end)

t.test("only the seed is left out of a cell's hash, and smoke is a cell of its own", function()
  local one, two, fast = evaluate { "seed=1" }, evaluate { "seed=2" }, evaluate { "lr=0.01", "seed=1" }
  t.ok(continuation.config_hash(one) ~= continuation.config_hash(two))
  t.eq(continuation.cell_hash(one), continuation.cell_hash(two))
  t.ok(continuation.cell_hash(one) ~= continuation.cell_hash(fast))
  t.ok(continuation.cell_hash(one) ~= continuation.cell_hash(one, true))
  t.ok(continuation.config_hash(one) ~= continuation.config_hash(one, true))
end)

t.test("a killed run says so", function()
  local mark = liveness.mark()
  if not mark.began then t.skip "this system does not tell when a process began" end
  t.eq(liveness.gone(mark), false)
  local process = system.spawn { "sleep", "60" }
  local stat = io.open(("/proc/%d/stat"):format(process:pid()))
  local other = { pid = process:pid(), boot = mark.boot, host = mark.host,
                  began = stat:read "*a":match "^.*%) %S+ (.*)$":gsub("%s+", " "):match(("%S+ "):rep(18) .. "(%S+)") }
  stat:close()
  t.eq(liveness.gone(other), false)
  process:kill "KILL"
  process:wait(5)
  t.eq(liveness.gone(other), true)
  -- the number is given out again, the machine was started anew, another machine
  t.eq(liveness.gone { pid = mark.pid, began = "1", boot = mark.boot, host = mark.host }, true)
  t.eq(liveness.gone { pid = mark.pid, began = mark.began, boot = "another", host = mark.host }, true)
  t.eq(liveness.gone { pid = mark.pid, began = "1", boot = mark.boot, host = "elsewhere" }, false)
  local store = system.temporary_folder "moonlab-store"
  local run = host_run.create(store, { name = "x", meta = { process = other } })
  t.eq(liveness.status(run), "killed")
  run:set_status "done"
  t.eq(liveness.status(run), "done")
  system.remove(store)
end)
