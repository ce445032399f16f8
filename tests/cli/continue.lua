-- An ablation that is tried out, killed in the middle, listed and run again, as a user does it.
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

-- The second row takes for ever unless it is told otherwise.
local script = [[
params { lr = 1e-3, epochs = 1 }
return ablate "two rates" {
  seeds = { 1, 2 }, metrics = { "test.top1" }, jobs = 1,
  { "slow", paper = 0.5 }, { "fast", lr = 1e-2, epochs = tonumber(env("LONG", "1")) },
  base = function(p)
    return experiment "rate" {
      data = mnist { fraction = 0.01 },
      model = trunk { vision.mlp {}, head = head.softmax {} },
      loss = ce {}, optim = adamw { lr = p.lr }, train = { epochs = p.epochs },
    }
  end,
}
]]

local function options(folder, data, words)
  local o = { directory = folder, environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data } }
  for i, word in ipairs(words) do o[i] = word end
  return o
end

local function run(folder, data, words)
  local result = program.run(options(folder, data, words))
  t.eq(result.code, 0, result.err)
  return result.out
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

t.test("smoke: every row with one seed, marked, and in no other table", function()
  local data = data_folder()
  local folder = program.folder { ["s.lua"] = script }
  local out = run(folder, data, { "run", "s.lua", "--smoke" })
  has(out, "smoke: 3 steps on 128 samples; the numbers mean nothing", "2 trials (2 rows, 1 seed)", "two rates, smoke")
  local listed = run(folder, data, { "ls" })
  t.eq(select(2, listed:gsub("rate%-smoke%-%x+%s+done, smoke", "")), 2, listed)
  has(run(folder, data, { "show", "last" }), "done, smoke: the numbers mean nothing", "epoch 1, step 3")
  has(run(folder, data, { "run", "s.lua", "--json", "--smoke" }), '{"smoke":true,"rows":[')
  out = run(folder, data, { "run", "s.lua" })
  has(out, "4 trials (2 rows, 2 seeds), 1 at a time\n1/4", "paper")
  t.ok(not out:find "smoke", out)
  system.remove(folder)
end)

t.test("what is in the store is not trained again, unless --force says so", function()
  local data = data_folder()
  local folder = program.folder { ["s.lua"] = script }
  local first = run(folder, data, { "run", "s.lua" }):match "two rates.-\n\n"
  local again = run(folder, data, { "run", "s.lua" })
  has(again, "4 trials (2 rows, 2 seeds), all in the store", first)
  t.eq(#system.list(folder .. "/runs"), 4)
  has(run(folder, data, { "run", "s.lua", "lr=0.005" }), "1 at a time; 2 in the store") -- of the row with an lr of its own
  run(folder, data, { "run", "s.lua", "--force", "-q" })
  t.eq(#system.list(folder .. "/runs"), 10)
  local file = assert(io.open(folder .. "/s.lua", "a"))
  file:write "-- another script, the same configuration\n"
  file:close()
  has(run(folder, data, { "run", "s.lua" }), "all in the store",
    "4 of the trials in the store were trained by other code than this; --force trains all anew")
  system.remove(folder)
end)

t.test("kill -9 in the middle: ls says killed, and the same command runs what is missing", function()
  local data = data_folder()
  local folder = program.folder { ["s.lua"] = script }
  local o = options(folder, data, { "run", "s.lua" })
  o.environment.LONG = "100000"
  local process = program.start(o)
  local limit, pid = system.clock() + 60, nil
  while not pid do -- wait for the second trial's process
    t.ok(system.clock() < limit and not process:poll(), "no second trial: " .. process:read() .. process:read_errors())
    system.sleep(0.05)
    local ids = system.list(folder .. "/runs") or {}
    table.sort(ids)
    local meta = ids[2] and io.open(folder .. "/runs/" .. ids[2] .. "/meta.json")
    if meta then
      pid = tonumber(meta:read "*a":match '"process":%s*{.-"pid":%s*(%d+)' or "")
      meta:close()
    end
  end
  t.eq(select(2, run(folder, data, { "ls", "running" }):gsub("\n", "")), 3)
  process:kill "KILL"
  program.finish(process)
  system.spawn { "sh", "-c", "kill -9 " .. pid }:wait(5)
  limit = system.clock() + 10
  local listed
  repeat
    listed = run(folder, data, { "ls" })
  until listed:find "killed" or system.clock() > limit
  t.eq(select(2, listed:gsub("  killed  ", "")), 1, listed)
  t.ok(not listed:find "running", listed)
  has(run(folder, data, { "run", "s.lua" }), "4 trials (2 rows, 2 seeds), 1 at a time; 1 in the store\n2/4  fast, seed 1")
  system.remove(folder)
end)
