--- From a script to a finished run: evaluated, built, its directory made, trained, evaluated, written down.
local checkpoint = require "checkpoint"
local continuation = require "continuation"
local host_run = require "host.run"
local language = require "language"
local liveness = require "liveness"
local progress = require "progress"
local reference_runs = require "reference_runs"
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
-- and few steps (smoke.lua).
function runner.build(result, rehearse, smoke)
  local ok, made = xpcall(language.build, function(failure)
    return type(failure) == "table" and failure or { message = tostring(failure) }
  end, result, { seed = result.seed, device = result.device, rehearse = rehearse, smoke = smoke })
  if ok then return made end
  return nil, located(result, made)
end

local function meta(result, options)
  local read = {}
  for _, entry in ipairs(result.env_reads) do read[entry.name] = entry.value end
  return {
    script = result.script and result.script.name or options.file, overrides = result.overrides,
    seed = result.seed, device = result.device, base = options.base or false, name = result.name, tag = options.tag,
    host = system.hostname(), started = system.time(),
    environment = read, smoke = options.smoke or nil, process = liveness.mark(),
    config_hash = continuation.config_hash(result, options.smoke),
    cell_hash = continuation.cell_hash(result, options.smoke), code_id = continuation.code_id(result.files),
  }
end

local function create(result, options)
  local paths = {}
  for i, file in ipairs(result.files) do
    if i > 1 then paths[#paths + 1] = file.path end
  end
  return host_run.create(runner.store(), {
    name = (options.name or result.name) .. (options.smoke and "-smoke" or ""), config = language.canonical(result, { indent = 2 }),
    meta = meta(result, options), script = result.files[1].path, files = paths,
  })
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

local function save_checkpoint(run, made, name)
  checkpoint.save(run:place("ckpt/" .. name .. ".safetensors"), made.model.module:state_dict())
  -- what the objective has learnt about its tasks: moving norms, weights, moments
  local own = made.objective.state_dict and made.objective:state_dict() or {}
  if next(own) then checkpoint.save(run:place("ckpt/" .. name .. ".objective.safetensors"), own) end
end

-- What a store refused, without where in our own files that was noticed.
local function refusal(message)
  message = tostring(message):match "^[^\n]*"
  return (message:gsub("^[^:]*%.lua:%d+: ", "")) .. "\n  the store is " .. runner.store()
    .. "; MOONLAB_STORE=/another/folder keeps runs elsewhere\n"
end

local function is_refusal(message)
  message = tostring(message)
  return message:find("No space left on device", 1, true) or message:find("Read-only file system", 1, true)
    or message:find("Permission denied", 1, true)
end

--- Trains one experiment in a run directory of its own.
-- @param result what language.evaluate gave (kind "experiment")
-- @param options { events = boolean, quiet, name, tag, base, smoke }
-- @return exit code, run, state
function runner.experiment(result, options)
  local made, mistake = runner.build(result, nil, options.smoke)
  if not made then
    io.stderr:write(mistake, "\n")
    return 2
  end
  mistake = reference_runs.problem(result)
  if mistake then
    io.stderr:write(mistake, "\n")
    return 2
  end
  local created, run = pcall(create, result, options)
  if not created then
    io.stderr:write(refusal(run))
    return 1
  end
  if not options.events and not options.quiet then print("run " .. run:id()) end
  local best
  local ok, state = xpcall(trial.run, debug.traceback, made, {
    log = function(record) run:add_metrics(record) end,
    progress = line_of(made, options),
    reference = reference_runs.finder(runner.store(), result, options.smoke),
    keep_best = function() save_checkpoint(run, made, "best") end,
    restore_best = function()
      made.model.module:load_state_dict(checkpoint.load(run:place "ckpt/best.safetensors"))
    end,
  })
  if not ok then
    pcall(run.set_error, run, state)
    io.stderr:write(is_refusal(state) and refusal(state) or state .. "\n")
    return 1, run
  end
  if state.diverged then
    run:set_status "diverged"
    io.stderr:write(("diverged: %s (epoch %d); a smaller learning rate or train = { clip = 1 } may help\n")
      :format(state.stop, state.epoch))
    return 3, run, state
  end
  local stored, problem = pcall(function()
    if made.o.train.checkpoint ~= "none" then save_checkpoint(run, made, "last") end
    if state.interrupted then return run:set_status "interrupted" end
    local final = { final = true, epoch = state.epoch, step = state.step, seconds = state.seconds,
                    samples = state.final_samples, final_keys = {} }
    for i, pair in ipairs(state.final) do final[pair[1]], final.final_keys[i] = pair[2], pair[1] end
    run:add_metrics(final)
    if #made.o.eval.report > 0 then require "reports".write(made, run) end
    if #made.o.eval.plots > 0 then
      local _, problems = require "plots".write(made, run)
      for _, problem in ipairs(problems) do io.stderr:write("not drawn: ", problem, "\n") end
    end
    run:set_status "done"
  end)
  if not stored then
    -- what was trained for is at least shown
    io.stderr:write(refusal(problem))
    for _, pair in ipairs(state.final or {}) do io.stderr:write(("%s %.4f (not stored)\n"):format(pair[1], pair[2])) end
    pcall(run.set_error, run, tostring(problem))
    return 1, run, state
  end
  if state.interrupted then
    io.stderr:write(("interrupted at step %d; weights are in %s\n"):format(state.step, run:path() .. "/ckpt"))
    return 75, run, state
  end
  return 0, run, state
end

return runner
