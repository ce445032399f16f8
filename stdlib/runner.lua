--- From a script to a finished run: evaluated, built, its directory made, trained, evaluated, written down.
local continuation = require "continuation"
local host_run = require "host.run"
local language = require "language"
local liveness = require "liveness"
local progress = require "progress"
local provenance = require "provenance"
local recorded = require "recorded"
local reference_runs = require "reference_runs"
local run_writer = require "run_writer"
local system = require "host.system"
local trial = require "trial"

local runner = {}

--- Where runs are kept: $MOONLAB_STORE, else ./runs.
function runner.store() return os.getenv "MOONLAB_STORE" or "runs" end

local warned = {}

--- Says once in this process what a script's evaluation has to say that is no mistake.
function runner.warn(result)
  local fresh = {}
  for _, warning in ipairs(result.warnings) do
    local text = language.format { warning }
    if not warned[text] then fresh[#fresh + 1], warned[text] = text, true end
  end
  if #fresh > 0 then io.stderr:write(table.concat(fresh, "\n"), "\n") end
end

--- Evaluates a script; nil and the text of its mistakes where it has any.
function runner.evaluate(file, overrides, options)
  local result, errors = language.evaluate(file, overrides, options)
  if result then
    if not (options and options.base) then runner.warn(result) end -- what a trial would say, its sweep has said
    return result
  end
  return nil, language.format(errors)
end

-- Mistakes that only building finds (a label without a node, a file cut short) read like those of the script.
local function located(result, failure)
  if type(failure) ~= "table" then return tostring(failure) end
  local mistakes = {}
  for _, mistake in ipairs(failure.mistakes or { failure }) do
    local position = mistake.position or {}
    local index = result.session and result.session.indexes[position.file]
    local source = index and index.lines and index.lines[position.line]
    for line in tostring(mistake.message):gmatch "[^\n]+" do
      mistakes[#mistakes + 1] = { file = position.file, line = position.line, column = position.column, message = line,
                                  source = source }
    end
  end
  return language.format(mistakes)
end

--- Builds the experiment of a result; nil and a located text where that finds a mistake. With `rehearse` whatever building
-- itself trains (a teacher) makes one step; "load": and what reports need is not looked for. With `smoke` few samples
-- and few steps (smoke.lua). With `resumes` weights that another training would give are read from the checkpoint.
function runner.build(result, rehearse, smoke, resumes)
  local ok, made = xpcall(language.build, function(failure)
    return type(failure) == "table" and failure or { message = tostring(failure) }
  end, result, { seed = result.seed, device = result.device, rehearse = rehearse, smoke = smoke, resumes = resumes })
  if ok then return made end
  return nil, located(result, made)
end

-- What is known of a run before it starts.
local function meta(result, options)
  local read = {}
  for _, entry in ipairs(result.env_reads) do read[entry.name] = entry.value end
  return {
    metadata = #result.metadata_reads > 0 and result.metadata_reads or nil, -- what the script has read of its datasets
    script = result.script and result.script.name or options.file, overrides = result.overrides,
    seed = result.seed, device = result.device, base = options.base or false, name = result.name, tag = options.tag,
    sweep = options.sweep,
    host = system.hostname(), started = system.time(),
    environment = read, smoke = options.smoke or nil, process = liveness.mark(), threads = torch.get_num_threads(),
    parent = options.parent, parent_step = options.saved and options.saved.step,
    config_hash = continuation.config_hash(result, options.smoke),
    cell_hash = continuation.cell_hash(result, options.smoke), code_id = continuation.code_id(result.files),
  }
end

local function create(result, options, made)
  local sources, about = {}, meta(result, options)
  for i, file in ipairs(result.files) do sources[i] = { file.path, file.text } end
  local origin, patch = provenance.of(result, made, options.events)
  for key, value in pairs(origin) do about[key] = value end
  local run = host_run.create(runner.store(), {
    name = (options.name or result.name) .. (options.smoke and "-smoke" or ""),
    config = language.canonical(result, { indent = 2 }), meta = about, sources = sources,
  })
  if patch then run:write("changes.patch", patch) end
  return run
end

-- The progress line of this run: live on a terminal, plain elsewhere, as events for the process that started a trial.
local function line_of(made, options)
  if options.quiet then return nil end
  local events = options.events
  local live = not events and system.isatty "stdout"
  local line = progress.new {
    live = live or events, width = events and 200 or system.terminal_width(100), clock = system.clock,
    every = events and 0.3 or nil,
    write = function(text)
      if events then
        text = "progress\t" .. text:gsub("^\r", ""):gsub("\27%[K$", "") .. "\n"
        if text == "progress\t\n\n" then return end
      end
      io.stdout:write(text)
      io.stdout:flush()
    end,
  }
  return line
end

-- What a store refused, without where in our own files that was noticed.
local function refusal(message)
  message = tostring(message):match "^[^\n]*":gsub("^[^:]*%.lua:%d+: ", "")
  return message .. "\n  the store is " .. runner.store()
    .. "; MOONLAB_STORE=/another/folder keeps runs elsewhere\n"
end

local function is_refusal(message)
  message = tostring(message)
  return message:find("No space left on device", 1, true) or message:find("Read-only file system", 1, true)
    or message:find("Permission denied", 1, true)
    or message:find("File too large", 1, true) or message:find("Disk quota exceeded", 1, true)
end

-- The sets of a run's data whose fingerprints are not what they were: "digits.train", ...
local function other_data(before, now, path, list)
  for key, value in pairs(type(before) == "table" and before or {}) do
    local place, other = path .. tostring(key), type(now) == "table" and now[key]
    if type(value) == "table" then
      other_data(value, other, place .. ".", list)
    elseif value ~= other then
      list[#list + 1] = place
    end
  end
  table.sort(list)
  return list
end

-- What is wrong with going on with a run on these data, or nil.
local function data_problem(run, made)
  local list = made.data.fingerprints and other_data(run:meta().data, made.data:fingerprints(), "", {}) or {}
  if #list == 0 then return nil end
  return ("run %s: its data are not what they were when it began: %s\n  a fork may go on with them: moonlab resume %s "
    .. "key=value"):format(run:id(), table.concat(list, ", "), run:id())
end

-- A run of its own for this training, or the one that goes on. Errors: the store cannot be written.
local function begin(result, options, made)
  local run = options.run
  if not run then
    run = create(result, options, made)
    run:hold()
    if options.events then io.stdout:write("run\t", run:id(), "\n") end
    if not options.events and not options.quiet then print("run " .. run:id()) end
    io.stdout:flush()
    return run
  end
  local from = options.saved and options.saved.step or 0
  local meta = run:meta()
  local before = meta.resumed or {}
  before[#before + 1] = { time = system.time(), host = system.hostname(), step = from }
  run:sweep_up "ckpt"
  run:cut_metrics(from)
  system.remove(run:path() .. "/error.txt")
  run:update_meta { process = liveness.mark(), resumed = before, device = result.device }
  run:set_status "running"
  return run
end

-- What is said and written of a training that failed; the exit code: 4 where memory was short, else 1.
local function failed(run, message)
  pcall(run.set_error, run, message)
  local short = message:match "out of memory[^\n]*"
  io.stderr:write(is_refusal(message) and refusal(message) or short and short .. "\n" or message .. "\n")
  return short and 4 or 1
end

-- The final metrics, reports and plots, and what a finished run keeps.
local function finish(run, made, state, writer)
  local final = { final = true, epoch = state.epoch, step = state.step, seconds = state.seconds,
                  samples = state.final_samples, final_keys = {} }
  for i, pair in ipairs(state.final) do final[pair[1]], final.final_keys[i] = pair[2], pair[1] end
  writer:metrics(final)
  writer:flush()
  state.stored = true
  if made.o.train.checkpoint ~= "none" then writer:weights "last" else run_writer.forget(run) end
  if #made.o.eval.report > 0 then require "reports".write(made, run) end
  if #made.o.eval.plots > 0 then
    local _, problems = require "plots".write(made, run)
    for _, problem in ipairs(problems) do io.stderr:write("not drawn: ", problem, "\n") end
  end
  run:set_status "done"
end

-- A training that was asked to stop: what is saved, and how it goes on.
local function interrupted(run, state, writer)
  local stored, problem = pcall(function()
    if state.unsaved then error(state.unsaved, 0) end
    writer:flush()
    run:set_status "interrupted"
  end)
  if not stored then
    io.stderr:write(refusal(problem),
      ("interrupted at step %d; what was saved before goes on with\n  moonlab resume %s\n"):format(state.step, run:id()))
    return 1
  end
  io.stderr:write(("interrupted at step %d, everything is saved; it goes on with\n  moonlab resume %s\n"):format(
    state.step, run:id()))
  return 75
end

local function experiment(result, options)
  local made, mistake = runner.build(result, nil, options.smoke, options.run ~= nil and options.saved ~= nil)
  mistake = mistake or reference_runs.problem(result)
  if mistake then
    io.stderr:write(mistake, "\n")
    return mistake:find "out of memory" and 4 or 2
  end
  mistake = options.run and data_problem(options.run, made)
  if mistake then
    io.stderr:write(mistake, "\n")
    return 1
  end
  local begun, run = pcall(begin, result, options, made)
  if not begun then
    local text = tostring(run):match "^[^\n]*":gsub("^[^:]*%.lua:%d+: ", "")
    io.stderr:write((is_refusal(run) or not options.run) and refusal(run) or text .. "\n")
    return 1
  end
  local function say(text) io.stderr:write(text, "\n") end
  local writer = run_writer.new(run, made.model.module, say)
  local ok, state = xpcall(trial.run, debug.traceback, made, {
    log = function(record) writer:metrics(record) end,
    progress = line_of(made, options),
    reference = reference_runs.finder(runner.store(), result, options.smoke),
    keep_best = function() writer:keep_best() end, restore_best = function() writer:restore_best() end,
    save = function(training) writer:save(training) end, warn = say,
    resume = options.saved, adopts = options.parent ~= nil,
    after_epoch = options.rungs and require "trial_events".after_epoch(options.rungs) or nil,
    lost = function(list)
      for _, text in ipairs(list) do say("not taken over: " .. text) end
    end,
  })
  if not ok then return failed(run, tostring(state)), run end
  if state.diverged then
    pcall(writer.flush, writer)
    run:set_status "diverged"
    io.stderr:write(("diverged: %s (epoch %d); a smaller learning rate or train = { clip = 1 } may help\n")
      :format(state.stop, state.epoch))
    return 3, run, state
  end
  if state.interrupted then return interrupted(run, state, writer), run, state end
  if state.pruned then
    pcall(writer.flush, writer)
    run:set_status "pruned"
    return 0, run, state
  end
  local stored, problem = pcall(finish, run, made, state, writer)
  if stored then return 0, run, state end
  -- what was trained for is at least shown
  io.stderr:write(is_refusal(problem) and refusal(problem) or tostring(problem) .. "\n")
  for _, pair in ipairs(state.final or {}) do
    io.stderr:write(("%s %.4f (%s)\n"):format(pair[1], pair[2], state.stored and "stored" or "not stored"))
  end
  pcall(run.set_error, run, tostring(problem))
  return 1, run, state
end

--- Trains one experiment in a run directory of its own, or goes on with one.
-- @param result what language.evaluate gave (kind "experiment")
-- @param options { events = boolean, quiet, name, tag, base, smoke; run = one that goes on, which this process holds,
--   saved = its checkpoint or nil; or parent = the id of a run whose checkpoint `saved` this one begins with }
-- @return exit code, run, state
function runner.experiment(result, options)
  local code, run, state = recorded.reading(result.recorded, experiment, result, options)
  run = run or options.run
  if run then run:release() end -- a warm worker lives on
  return code, run, state
end

return runner
