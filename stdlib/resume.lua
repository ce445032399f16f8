--- Runs that did not finish, taken up where their last checkpoint stands; and forks, which begin there as another run.
--
--     local found = resume.unfinished(store)           config_hash -> { id, status }: for sweeps and ablations
--     local plan, problem, code = resume.plan(store, id, words, options)
--     runner.experiment(plan.result, plan.options)
local continuation = require "continuation"
local host_run = require "host.run"
local liveness = require "liveness"
local recorded = require "recorded"
local run_writer = require "run_writer"
local system = require "host.system"

local resume = {}

-- What the host says, without the place in our own files.
local function plain(message) return (tostring(message):match "^[^\n]*":gsub("^[^\n:]-%.lua:%d+: ", "")) end

-- Why a run cannot go on now, or nil where this process has it from here on.
local function taken(run, meta, force)
  local mark = type(meta.process) == "table" and meta.process or {}
  local who = ("process %s on %s"):format(mark.pid and ("%d"):format(mark.pid) or "?", mark.host or "?")
  if not run:hold() then return ("run %s is being trained, by %s"):format(run:id(), who) end
  if run:status() ~= "running" or force or liveness.gone(mark) or not mark.pid then return nil end
  if mark.host ~= system.hostname() then
    return ("run %s says that it is being trained, by %s, which cannot be seen from here; where that is not so:\n"
      .. "  moonlab resume --force %s"):format(run:id(), who, run:id())
  end
  if mark.pid == system.pid() then return nil end -- a trial of this process that was given up
  return ("run %s is being trained, by %s; where that is not so:\n  moonlab resume --force %s"):format(run:id(), who,
    run:id())
end

-- "test.top1 0.9312" of a finished run.
local function reached(run)
  local records = run:metrics()
  local last, parts = records[#records] or {}, {}
  for _, key in ipairs(last.final_keys or {}) do
    if type(last[key]) == "number" and #parts < 3 then parts[#parts + 1] = ("%s %.4f"):format(key, last[key]) end
  end
  return table.concat(parts, ", ")
end

local function saved_of(run)
  local done, saved = pcall(run_writer.saved, run)
  if done then return saved end
  return nil, ("run %s: its checkpoint cannot be read: %s\n  without the file %s/%s the run begins anew"):format(
    run:id(), plain(saved), run:path(), run_writer.state_file)
end

-- A checkpoint for a fork of a run that has none: its weights alone.
local function weights_alone(run)
  for _, name in ipairs { "last", "best" } do
    local file = run:path() .. "/ckpt/" .. name .. ".safetensors"
    if system.stat(file) then return require "checkpoint".load(file) end
  end
end

-- Where a fork of this run begins.
local function fork(run, meta, result, options)
  local saved, problem = saved_of(run)
  if problem then return nil, problem, 1 end
  local weights = not saved and weights_alone(run)
  if not saved and not weights then
    return nil, ("run %s (%s) has no checkpoint to begin with"):format(run:id(), liveness.status(run)), 1
  end
  local overrides = {}
  for i, text in ipairs(result.overrides) do overrides[i] = text end
  return { result = result, forks = run, saved = saved, options = {
    parent = run:id(), saved = saved or { weights = weights }, base = meta.base, smoke = meta.smoke,
    name = options.name, tag = options.tag, file = meta.script, quiet = options.quiet, events = options.events, device = options.device,
  } }
end

--- How a run goes on.
-- @param words "key=value" that differ: where they change the configuration, a new run begins where this one stands
-- @param options { name, tag, quiet, events, force } for runner.experiment; force: take a run from a process that
--   cannot be seen
-- @return { result, options = for runner.experiment, run or forks = the run, saved = its checkpoint or nil,
--   notes = lines }
-- or nil, why not, and the exit code: 0 where there is nothing to do, 1, or 2 for what is wrong with the words
function resume.plan(store, id, words, options)
  local opened, run = pcall(host_run.open, store, id)
  if not opened then return nil, plain(run), 1 end
  local readable, meta = pcall(run.meta, run)
  if readable and not (type(meta) == "table" and type(meta.script) == "string") then
    readable, meta = false, run:path() .. "/meta.json: it does not say of which script the run is"
  end
  if not readable then return nil, ("run %s cannot be gone on with: %s"):format(run:id(), plain(meta)), 1 end
  local done, result, mistakes = pcall(recorded.evaluate, run, meta, words)
  if not done then return nil, ("run %s cannot be gone on with: %s"):format(run:id(), plain(result)), 1 end
  if not result then
    if words and #words > 0 then return nil, mistakes, 2 end
    return nil, ("run %s: this program no longer takes its script:\n%s"):format(run:id(), mistakes), 1
  end
  local hash = continuation.config_hash(result, meta.smoke)
  if #(words or {}) > 0 and hash ~= meta.config_hash then return fork(run, meta, result, options) end
  if hash ~= meta.config_hash then
    return nil, ("run %s: this program reads another configuration out of its script than the one that began it\n"
      .. "  a fork may go on from its weights: moonlab resume %s key=value"):format(run:id(), run:id()), 1
  end
  local status = run:status()
  if status == "done" then
    local text = reached(run)
    return nil, ("run %s is done%s%s\n  another configuration begins where it ended: moonlab resume %s train.epochs=N")
      :format(run:id(), text ~= "" and ": " or "", text, run:id()), 0
  end
  local saved, problem = saved_of(run)
  if problem then return nil, problem, 1 end
  if status == "diverged" then
    return nil, ("run %s diverged, and would again%s\n  with a change it may not: moonlab resume %s optim.lr=...")
      :format(run:id(), saved and (" after step %d"):format(saved.step) or "", run:id()), 1
  end
  problem = taken(run, meta, options.force)
  if problem then return nil, problem, 1 end
  saved, problem = saved_of(run) -- what a process wrote that has ended since
  if problem then return nil, problem, 1 end
  local notes = {}
  if continuation.code_id(result.files) ~= meta.code_id then
    notes[1] = "note: it was begun by other code than this; from here on its numbers are this code's"
  end
  -- sums depend on how many threads share them
  if meta.threads and tostring(result.device) ~= "cuda" then torch.set_num_threads(meta.threads) end
  return { result = result, run = run, saved = saved, notes = notes, options = {
    run = run, saved = saved, base = meta.base, smoke = meta.smoke, quiet = options.quiet, events = options.events,
  } }
end

--- Runs of a store that did not finish and that nobody is training: config_hash -> { id, status }, the latest of each.
-- Runs that diverged, or that a sweep pruned, are not among them.
function resume.unfinished(store)
  local found = {}
  for _, entry in ipairs(host_run.list(store)) do
    if entry.status ~= "done" and entry.status ~= "diverged" and entry.status ~= "pruned" then
      local readable, meta, status = pcall(function()
        local run = host_run.open(store, entry.id)
        return run:meta(), liveness.status(run)
      end)
      if readable and meta.config_hash and status ~= "running" then
        found[meta.config_hash] = { id = entry.id, status = status }
      end
    end
  end
  return found
end

return resume
