--- `moonlab sweep FILE [key=a,b,c ...]`: all trials of a sweep, or of any experiment under the values of the command
-- line.
local axes = require "sweep.axes"
local command_line = require "command_line"
local coordinator = require "sweep.coordinator"
local order = require "language.order"
local plans = require "sweep.plan"
local record = require "sweep.record"
local report = require "sweep.report"
local runner = require "runner"
local schema = require "schema"
local smoke = require "smoke"
local system = require "host.system"

local function write(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- "1 cell", "3 cells"
local function counted(n, what) return ("%d %s%s"):format(n, what, n == 1 and "" or "s") end

-- "54 trials (18 cells, 3 seeds)"
local function size_of(plan)
  local cells = plan.search and plan.search.adaptive and #plan.groups * plan.search.n or #plan.cells
  return ("%s (%s, %s)"):format(counted(plan:total(), "trial"), counted(cells, "cell"), counted(#plan.seeds, "seed"))
end

-- What --dry-run shows.
local function list(plan)
  write(("%s: %s\n"):format(plan.name, size_of(plan)))
  local width = #tostring(#plan.trials)
  for _, trial in ipairs(plan.trials) do
    local shown, more = {}, {}
    for key in pairs(trial.values) do shown[key] = true end
    for i = #plan.passed + 1, #trial.overrides do
      local key = trial.overrides[i]:match "^[^=]+"
      if not shown[key] and key ~= "seed" then more[#more + 1] = trial.overrides[i] end
    end
    write(("%" .. width .. "d  %s%s\n"):format(trial.number, trial.label,
      #more > 0 and "  " .. table.concat(more, " ") or ""))
  end
  if plan.search and plan.search.adaptive then
    write(("the %s are drawn by %s while it runs\n"):format(counted(#plan.groups * plan.search.n, "point"),
      plan.args.search.kind))
  end
  return 0
end

local function options_of(plan, words)
  local run = plan.args.run
  return {
    store = runner.store(), jobs = words.jobs or run.jobs or 2, timeout = run.timeout and schema.seconds(run.timeout),
    retry = run.retry or { crash = 1, oom = "none" }, on_fail = run.on_fail or "continue",
    memory = run.memory or "auto", vectorize = words.vectorize or run.vectorize, pin = run.pin, force = words.force,
    smoke = words.smoke, write = words.quiet and function() end or write,
    live = system.isatty "stdout" and not words.quiet, width = system.terminal_width(100),
  }
end

-- What a store may refuse; any other failure is ours and keeps its traceback.
local refusals = { "No space left on device", "Read-only file system", "Permission denied", "No such file or directory",
                   "Not a directory", "Input/output error", "Disk quota exceeded" }

-- Calls f; true and what it gives, or false after saying what the store refused.
local function attempt(f, ...)
  local results = { pcall(f, ...) }
  if results[1] then return unpack(results, 1, 3) end
  local text = tostring(type(results[2]) == "table" and results[2].message or results[2])
  for _, words in ipairs(refusals) do
    if text:find(words, 1, true) then
      command_line.complain("sweep", ("%s\n  the store is %s; MOONLAB_STORE=/another/folder keeps runs elsewhere"):format(
        command_line.reason(text):gsub("\n.*$", ""), runner.store()))
      return false
    end
  end
  error(results[2], 0)
end

local sweep = {
  usage = "FILE [key=a,b,c ...]",
  summary = "run a script under many values and seeds, and compare",
  help = [[
  FILE            a sweep, or any experiment
  key=a,b,c       an axis: each of these values; key=0..4 whole numbers; a value
                  with a comma in quotes. Axes are combined, the last fastest;
                  one that the sweep has takes these values instead of its own
  key=value       one value, as for run
  seed=0..4       the seeds, over which means are taken
  --dry-run       lists the trials and runs none
  --jobs N        trials that run at the same time
  --vectorize W   off: each trial is trained by itself; auto trains heads on
                  the same cached features together
  --smoke         a few steps of everything, each cell with one seed; marked
  --force         trains what is in the store already, too
  --markdown      the tables as Markdown
  --json          what became of each trial as one line of JSON
  -q              the tables alone
The same command goes on where it was stopped, and runs what is missing or new.]],
  flags = { "--dry-run", "--jobs N", "--vectorize auto|off", "--device D", "--smoke", "--force", "--markdown",
            "--json", "-q --quiet" },
  on_interrupt = "finish",
}

--- Runs the sweep of an evaluated script.
-- @param result what language.evaluate gave
-- @param words the flags of the command line; words.axes: the axes that it names
-- @return the exit code
function sweep.run(result, words)
  local plan, mistakes = plans.of(result, { axes = words.axes, smoke = words.smoke })
  if not plan then
    io.stderr:write(mistakes, "\n")
    return 2
  end
  if words.dry_run then return list(plan) end
  local started = system.clock()
  local begun, made = attempt(coordinator.new, plan, options_of(plan, words))
  if not begun then return 1 end
  local options = made.options
  local total = plan:total()
  if words.smoke then options.write(smoke.note .. "\n") end
  local jobs = math.max(1, math.min(options.jobs, total - made.there))
  local there = made.there > 0 and ("; %d in the store"):format(made.there) or ""
  options.write(("%s: %s, %s\n"):format(made.id, size_of(plan), made.there == #plan.trials and total == #plan.trials
    and "all in the store" or ("%d at a time%s"):format(jobs, there)))
  local ran, stopped, counts = attempt(made.run, made)
  if not ran then return 1 end
  if made.fatal then
    io.stderr:write(made.fatal.errors)
    return 2
  end
  return report.finish(made, { stopped = stopped, counts = counts, words = words, write = write,
                               seconds = system.clock() - started })
end

--- Goes on with a sweep that was begun, as sweep.json has it: the same script, overrides and axes.
-- @param directory STORE/sweeps/ID
-- @return the exit code
function sweep.again(directory, words)
  local spec = record.read(directory)
  local script = spec.script:match "^/" and spec.script or spec.folder .. "/" .. spec.script
  local result, mistakes = runner.evaluate(script, spec.overrides)
  if not result then
    io.stderr:write(mistakes, "\n")
    return 2
  end
  local given = { { key = "seed", values = spec.seeds } }
  for i, axis in ipairs(spec.axes) do given[i + 1] = axis end
  return sweep.run(result, { axes = given, smoke = spec.smoke or nil, json = words.json,
                             quiet = words.quiet or words.json })
end

function sweep.main(_, words)
  local file, overrides, given = nil, {}, {}
  for _, word in ipairs(words) do
    if word:find "=" or word:sub(1, 1) == "~" then
      local axis, problem = axes.of_word(word)
      if problem then return command_line.complain("sweep", problem) end
      if axis then given[#given + 1] = axis else overrides[#overrides + 1] = word end
    elseif not file then
      file = word
    else
      return command_line.complain("sweep", ("'%s' is neither a flag nor key=value; one script at a time"):format(word))
    end
  end
  if not file then return command_line.complain("sweep", "which script? moonlab sweep FILE [key=a,b,c ...]") end
  if words.device then overrides[#overrides + 1] = "device=" .. words.device end
  local result, mistakes = runner.evaluate(file, overrides)
  if not result then
    io.stderr:write(mistakes, "\n")
    return 2
  end
  if result.kind == "ablate" then
    return command_line.complain("sweep", ("%s is an ablation, which has rows of its own: moonlab run %s"):format(
      file, file))
  end
  if result.kind == "experiment" and #given == 0 then
    local knob = result.knobs[1]
    local example = knob and type(knob.default) == "number" and ("%s=%s,%s"):format(knob.name,
      order.number(knob.default), order.number(2 * knob.default)) or "seed=0..4"
    return command_line.complain("sweep", ("nothing varies: %s is one experiment; give an axis, as in moonlab sweep "
      .. "%s %s"):format(file, file, example))
  end
  words.axes, words.quiet = given, words.quiet or words.json
  return sweep.run(result, words)
end

return sweep
