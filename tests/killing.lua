-- Training that is killed again and again, beside training that is left alone: what both end with.
--
--     local killing = require "tests.killing"
--     local alone = killing.alone(folder, script, words)           -- { id, weights, metrics, seconds }
--     local killed = killing.killed(folder, script, words, { kills = 10, seed = 1, seconds = alone.seconds })
--     alone.weights == killed.weights and alone.metrics == killed.metrics
local host_run = require "host.run"
local program = require "tests.program"
local system = require "host.system"

local killing = {}

local function options(folder, words)
  local o = { directory = MOONLAB_ROOT, environment = { MOONLAB_STORE = folder .. "/runs", OMP_NUM_THREADS = "1" } }
  for i, word in ipairs(words) do o[i] = word end
  return o
end

-- What a finished run left: SHA-256 of its weights, and its metrics without the seconds that they took.
local function left_by(folder, id)
  local run = host_run.open(folder .. "/runs", id)
  local metrics = run:read("metrics.jsonl"):gsub('"seconds":[^,}]*,?', "")
  return { id = run:id(), weights = host_run.sha256_file(run:path() .. "/ckpt/last.safetensors"), metrics = metrics,
           status = run:status(), path = run:path() }
end

-- Starts a command and waits until it says which run it trains: the process, and the id; nil where it ended before.
local function start(folder, words)
  local process, text, limit = program.start(options(folder, words)), "", system.clock() + 60
  while true do
    text = text .. process:read()
    local id = text:match "run (%d+%-%d+%-[%w_.-]+)"
    if id then return process, id end
    if process:poll() or system.clock() > limit then
      error(("%s began no run: %s%s"):format(table.concat(words, " "), text, process:read_errors()), 0)
    end
    system.wait_any({ process }, 0.2)
  end
end

local function finished(process)
  local result = program.finish(process)
  if result.code ~= 0 then error(("exit code %d: %s%s"):format(result.code, result.out, result.err), 0) end
end

--- Trains to the end; `seconds` is what training took.
function killing.alone(folder, script, words)
  local process, id = start(folder, { "run", script, unpack(words or {}) })
  local before = system.clock()
  finished(process)
  local seconds = system.clock() - before
  local left = left_by(folder, id)
  left.seconds = seconds
  return left
end

--- Trains the same, killed with SIGKILL at random times and resumed, until it was killed so often or is done.
-- @param o { kills, seed, seconds = what training takes alone }
-- @return what is left, with `kills` = those that met it while it trained
function killing.killed(folder, script, words, o)
  local generator, kills = torch.generator(o.seed), 0
  local process, id = start(folder, { "run", script, unpack(words or {}) })
  while kills < o.kills do
    local share = torch.rand(1, { generator = generator }):item()
    system.sleep(0.02 + share * 2 * o.seconds / (o.kills + 1))
    process:kill "KILL"
    local _, signal = process:wait(20)
    if not signal then break end -- it was done
    kills = kills + 1
    local run = host_run.open(folder .. "/runs", id)
    if run:status() == "done" then break end
    process = start(folder, { "resume", id })
  end
  if process:poll() == nil then finished(process) end
  local left = left_by(folder, id)
  left.kills = kills
  return left
end

return killing
