--- The process of one trial, as pool.lua sees it: something that can be polled, read, written to and killed.
--
--     poll()         its exit code (128 + the signal where one ended it), or nil while it runs
--     read()         what it wrote on standard output since the last call; read_errors(): the same of standard error
--     write(text)    to its standard input; false where it no longer listens
--     kill(signal)   "INT" and "TERM" let it save and leave with exit code 75; "KILL" does not
--     pid()          of the process that trains
--
-- A trial of this program is given to a process that has run others before (trial_worker.lua) where one with the same
-- threads and environment is free, else a new one is started for it and for those to come. It takes one trial at a
-- time: a crash costs the trial that it ran. Any other command is a process of its own.
--
-- Who knows what is to come says so (expect): trials whose heads can be trained together (vectorized.lua) are, in one
-- process, as soon as the first of them is started; the others are done, or nearly, when they are started in turn. One
-- whose process ends through no fault of its own is begun again by itself.
local system = require "host.system"
local trial_worker = require "trial_worker"

local trial_process = {}

--- Trials that one process runs before another takes its place.
trial_process.trials_each = 200

--- Trials that are trained together at most.
trial_process.together_most = 32

local free = {}      -- key of threads and environment -> list of workers without a trial
local foreseen = {}  -- text of a command with its environment -> list of trials of groups
local groups = {}    -- those that are not begun, in order; groups.running = how many are, groups.most = at a time

-- Worker: { process, key, ran = trials, trial = the present one or group = the present one, pending = torn line }.
-- Trial: { words, place, worker, output, errors, code, group }. A place is where a worker can be that runs it:
-- { before = words of a program that starts it (taskset -c 1), environment, key = both as a text }.

local function spawn(command, environment, input)
  local options = { own_group = true, environment = environment, input = input or false }
  for i, word in ipairs(command) do options[i] = word end
  return system.spawn(options)
end

local commands = { run = true, resume = true }

-- The command and its words where an item is a trial of this program, and what stands before the program; else nil.
local function words_of(item)
  local own, words, is_trial = nil, {}, false
  for i, word in ipairs(item.command) do
    if own then words[#words + 1] = word elseif word == system.executable() then own = i end
    is_trial = is_trial or word == "--trial"
  end
  if item.fresh or not is_trial or not commands[words[1]] then return nil end
  return words, { unpack(item.command, 1, own - 1) }
end

local function environment_of(item, threads)
  local environment = { OMP_NUM_THREADS = tostring(threads) }
  for name, value in pairs(item.environment or {}) do environment[name] = value end
  return environment
end

local function place_of(item, threads, before)
  local environment, names = environment_of(item, threads), {}
  for name in pairs(environment) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = name .. "=" .. tostring(environment[name]) end
  local key = table.concat(before, "\0") .. "\0\0" .. table.concat(names, "\0")
  return { before = before, environment = environment, key = key }
end

local function name_of(words, place) return table.concat(words, "\0") .. "\0\0" .. place.key end

-- Gives text to a free worker that listens, or to a new one.
local function worker_for(place, text)
  while true do
    local worker = table.remove(free[place.key] or {})
    local known = worker ~= nil
    if not worker then
      local command = { unpack(place.before) }
      for _, word in ipairs { system.executable(), "-e", "os.exit(require 'trial_worker'.serve())" } do
        command[#command + 1] = word
      end
      worker = { process = spawn(command, place.environment, true), key = place.key, ran = 0, pending = "" }
    end
    if worker.process:write(text) or not known then return worker end
  end
end

-- The worker has answered for all that it was given.
local function rest(worker, leaving)
  worker.trial, worker.group = nil, nil
  worker.ran = worker.ran + 1
  if leaving or worker.ran >= trial_process.trials_each then return worker.process:close_input() end
  free[worker.key] = free[worker.key] or {}
  table.insert(free[worker.key], worker)
end

local begin_groups

-- Takes what a worker wrote and gives it to its trials.
local function listen(worker)
  if not worker.trial and not worker.group then return end
  local errors = worker.process:read_errors()
  worker.pending = worker.pending .. worker.process:read()
  while true do
    local line, more = worker.pending:match "^([^\n]*\n)(.*)$"
    if not line then break end
    worker.pending = more
    local place, said = line:match "^@(%d+)(.*)\n$"
    local code, leaving = line:match "^end\t(%d+)(.*)\n$"
    if place and worker.group then
      local trial = worker.group.trials[tonumber(place)]
      local own_end = said:match "^\tend\t(%d+)$"
      if own_end then
        trial.code = tonumber(own_end)
      elseif said:sub(1, 1) == "!" then
        trial.errors = trial.errors .. trial_worker.unescape(said:sub(3))
      else
        trial.output = trial.output .. said:sub(2) .. "\n"
      end
    elseif code then
      errors = errors .. worker.process:read_errors()
      if worker.trial then
        worker.trial.code, worker.trial.errors = tonumber(code), worker.trial.errors .. errors
        errors = ""
      end
      local was_group = worker.group
      rest(worker, leaving ~= "")
      if was_group then
        groups.running = groups.running - 1
        begin_groups()
      end
      return
    elseif worker.trial then
      worker.trial.output = worker.trial.output .. line
    end
  end
  if worker.trial then worker.trial.errors = worker.trial.errors .. errors end
end

local Trial = {}
Trial.__index = Trial

local function new_trial(words, place)
  return setmetatable({ words = words, place = place, output = "", errors = "" }, Trial)
end

local function start_alone(trial)
  trial.output, trial.errors, trial.code, trial.group = "", "", nil, nil
  trial.worker = worker_for(trial.place, trial_worker.line(trial.words))
  trial.worker.trial = trial
  return trial
end

local function begin(group)
  for i, other in ipairs(groups) do
    if other == group then table.remove(groups, i) break end
  end
  local lines = { trial_worker.together(group.smoothing) }
  for _, trial in ipairs(group.trials) do lines[#lines + 1] = trial_worker.line(trial.words) end
  group.worker = worker_for(group.trials[1].place, table.concat(lines))
  group.worker.group = group
  groups.running = groups.running + 1
  for i, trial in ipairs(group.trials) do
    trial.worker = group.worker
    if groups.begun then groups.begun(group.items[i], group.worker.process:pid()) end
  end
end

function begin_groups()
  while groups[1] and groups.running < groups.most do begin(groups[1]) end
end

-- Its process has ended without a word about this trial.
local function end_with(trial, code, signal)
  local group = trial.group
  if group and not group.lost then
    group.lost = true
    groups.running = groups.running - 1
    begin_groups()
  end
  if group and not trial.killed then return start_alone(trial) end
  trial.output = trial.output .. trial.worker.pending
  trial.code, trial.signal = code ~= 0 and code or 1, signal
end

function Trial:poll()
  if not self.code then
    local ended, signal = self.worker.process:poll()
    listen(self.worker) -- after it was polled: all that it wrote is there
    if not self.code and ended then end_with(self, ended, signal) end
  end
  -- another one of its group was told to leave
  if self.code == 75 and self.group and not self.killed then start_alone(self) end
  return self.code, self.signal
end

function Trial:read()
  if not self.code then listen(self.worker) end
  local text = self.output
  self.output = ""
  return text
end

function Trial:read_errors()
  if not self.code then listen(self.worker) end
  local text = self.errors
  self.errors = ""
  return text
end

function Trial:write(text) return not self.code and self.worker.process:write(text) end

function Trial:kill(signal)
  if self.code then return false end
  self.killed = true
  return self.worker.process:kill(signal)
end

function Trial:pid() return self.worker.process:pid() end

-- What was begun before for this command, or nil. Where its process has gone it is begun anew.
local function begun(words, place)
  local list = foreseen[name_of(words, place)]
  local trial = list and table.remove(list, 1)
  if not trial then return nil end
  if not trial.worker then
    begin_groups()
    if not trial.worker then begin(trial.group) end
  end
  trial:poll()
  return trial
end

--- Starts a trial.
-- @param item { command = { program, argument... }, environment = { NAME = value } or nil, input = true where it is
--   written to, fresh = true where it is to be a process of its own }
-- @param threads of the processor that it may use
function trial_process.start(item, threads)
  local words, before = words_of(item)
  if not words then return spawn(item.command, environment_of(item, threads), item.input) end
  local place = place_of(item, threads, before)
  return begun(words, place) or start_alone(new_trial(words, place))
end

-- What vectorized.of makes of an item; nil where it trains alone, as one does that is given flags.
local function looked_at(item, words)
  if words[1] ~= "run" then return nil end
  local overrides, file = {}, nil
  for i = 2, #words do
    local word = words[i]
    if word:find("=", 1, true) and word:sub(1, 1) ~= "-" or word:sub(1, 1) == "~" then
      overrides[#overrides + 1] = word
    elseif word:sub(1, 1) ~= "-" and not file then
      file = word
    elseif word ~= "--trial" then
      return nil
    end
  end
  if item.together ~= nil then return item.together end
  local result = file and require "language".evaluate(file, overrides, { base = true, quiet = true })
  return result and require "vectorized".of(result)
end

--- Says which trials are to come, as they will be started.
-- @param items as `start` takes them; `together` is what vectorized.of gave or false, where that is known
-- @param options { jobs = trials at a time, threads = of each, vectorize = "auto" or "off",
--   claim = function(item): may it be begun before its turn? begun = function(item, pid): it is; nil where nobody
--   asks }
function trial_process.expect(items, options)
  if options.vectorize == "off" then return end
  local by_key, keys = {}, {}
  for _, item in ipairs(items) do
    local words, before = words_of(item)
    local found = words and not item.input and #before == 0 and looked_at(item, words)
    if found then
      local place = place_of(item, options.threads, before)
      local key = found.key .. "\0" .. place.key
      if not by_key[key] then
        by_key[key], keys[#keys + 1] = {}, key
      end
      table.insert(by_key[key], { trial = new_trial(words, place), item = item, seed = found.seed,
                                  smoothing = found.smoothing, turn = #by_key[key] })
    end
  end
  groups.running, groups.most, groups.begun = groups.running or 0, options.jobs, options.begun
  for _, key in ipairs(keys) do
    local list = {}
    for _, entry in ipairs(#by_key[key] > options.jobs and by_key[key] or {}) do
      if not options.claim or options.claim(entry.item) then list[#list + 1] = entry end
    end
    -- those with the same batches beside each other
    table.sort(list, function(a, b) return a.seed < b.seed or a.seed == b.seed and a.turn < b.turn end)
    local each = math.ceil(#list / math.max(options.jobs, math.ceil(#list / trial_process.together_most)))
    for from = 1, each > 1 and #list or 0, each do
      local group = { trials = {}, smoothing = {}, items = {} }
      for i = from, math.min(from + each - 1, #list) do
        local trial = list[i].trial
        table.insert(group.trials, trial)
        table.insert(group.smoothing, list[i].smoothing)
        table.insert(group.items, list[i].item)
        trial.group = group
        local name = name_of(trial.words, trial.place)
        foreseen[name] = foreseen[name] or {}
        table.insert(foreseen[name], trial)
      end
      groups[#groups + 1] = group
    end
  end
end

--- Waits until one of them has ended or written something, at most `seconds`.
function trial_process.wait_any(processes, seconds)
  local handles = {}
  for i, process in ipairs(processes) do
    if getmetatable(process) ~= Trial then
      handles[i] = process
    elseif process.code or process.output ~= "" then
      return true
    else
      handles[i] = process.worker.process
    end
  end
  return system.wait_any(handles, seconds)
end

--- Ends what nobody waits for: free workers, and groups of which no trial was taken or all that were have ended.
function trial_process.close()
  for key, workers in pairs(free) do
    for _, worker in ipairs(workers) do worker.process:close_input() end
    free[key] = nil
  end
  local stopped = {}
  for _, list in pairs(foreseen) do
    for _, trial in ipairs(list) do
      if trial.worker and not trial.code and not stopped[trial.worker] then
        stopped[trial.worker] = true
        trial.worker.process:kill "TERM"
      end
    end
  end
  foreseen, groups = {}, {}
end

return trial_process
