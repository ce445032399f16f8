--- `moonlab tune FILE`: trials whose parameters another program chooses: by lines of JSON, or Optuna by its command
-- line.
local command_line = require "command_line"
local keys = require "sweep.keys"
local lines = require "tune.lines"
local nearest = require "language.nearest"
local optuna = require "tune.optuna"
local runner = require "runner"
local session = require "tune.session"
local space = require "tune.space"
local system = require "host.system"

local function complain(message) return command_line.complain("tune", message) end

-- { file, overrides, entries of the space } or nil and what is wrong.
local function read(words)
  local file, overrides, entries = nil, {}, {}
  for _, word in ipairs(words) do
    if word:find("=", 1, true) or word:sub(1, 1) == "~" then
      local entry, problem = space.of_word(word)
      if problem then return nil, problem end
      if entry then entries[#entries + 1] = entry else overrides[#overrides + 1] = word end
    elseif not file then
      file = word
    else
      return nil, ("'%s' is neither a flag nor key=value; one script at a time"):format(word)
    end
  end
  if not file then return nil, "which script? moonlab tune FILE [key=loguniform(a,b) ...]" end
  if words.device then overrides[#overrides + 1] = "device=" .. words.device end
  return { file = file, overrides = overrides, entries = entries }
end

-- The metric that is tuned, checked against what the trials measure; nil and what is wrong.
local function metric_of(words, experiment)
  local known = keys.of(experiment)
  local during = keys.readings(experiment).list
  local metric = words.metric or experiment.node.args.eval.main and during[1] and during[1]:match "^[^.]*%."
    .. experiment.node.args.eval.main or during[1]
  if not metric then
    return nil, "what is to be tuned? Hold data out and evaluate it (eval = { during = { \"val\" } }), or name a "
      .. "metric: --metric KEY"
  end
  local there = known.open
  for _, key in ipairs(known.list) do there = there or key == metric end
  if not there then
    return nil, ("--metric: the script does not measure '%s'%s (%s)"):format(metric,
      nearest.did_you_mean(metric, known.list),
      table.concat(known.list, ", "))
  end
  for part in (metric:match "^(.*)%." or ""):gmatch "[^.]+" do
    if part == "test" and not words.allow_test_selection then
      return nil, ("'%s' is a metric of test data, and parameters would be chosen by it; take validation data, or "
        .. "write "
        .. "--allow-test-selection"):format(metric)
    end
  end
  return metric
end

-- Every parameter of the space must be one of the script: its first value is tried.
local function space_problem(given, entries)
  for _, entry in ipairs(entries) do
    local value = entry.kind == "choice" and entry.values[1] or entry.low
    local words = { unpack(given.overrides) }
    words[#words + 1] = require "sweep.axes".override(entry.key, value)
    local result, mistakes = runner.evaluate(given.file, words, { base = true })
    if not result then return mistakes end
  end
end

local function partner_of(words, goal)
  if words.optuna then
    if not words.storage then return nil, "--optuna needs --storage, such as sqlite:///study.db" end
    if #goal.entries == 0 then
      return nil, "--optuna needs a space: a sweep with space = { ... }, or key=loguniform(1e-4,1e-1) on the command "
        .. "line"
    end
    local made, partner = pcall(optuna.new, { command = words.optuna_command or "optuna", study = words.optuna,
      storage = words.storage, sampler = words.sampler, sampler_options = words.sampler_options }, goal)
    if not made then return nil, type(partner) == "table" and partner.message or tostring(partner) end
    return partner
  end
  if words.with then return lines.command(words.with) end
  return lines.standard()
end

return {
  usage = "FILE [key=value ...] [key=loguniform(a,b) ...]",
  summary = "trials whose parameters another program chooses (lines of JSON, Optuna)",
  help = [[
  --with COMMAND   starts a tuner and asks it for parameters, line by line
  --optuna STUDY   asks Optuna's command line (optuna ask, optuna tell), with
  --storage URL    its storage, such as sqlite:///study.db
  --sampler NAME   a sampler of Optuna, --sampler-options JSON for it;
                   --optuna-command says how it is called. Each ask is a
                   process: a sampler with a fixed seed says the same each time
  --metric KEY     what is made better; the first metric of validation data
                   where absent, --mode max|min which way (max)
  -n N             trials at most (--optuna: 20)
  --jobs N         trials at the same time (1)
  --smoke, --device D, --allow-test-selection as in a sweep

What varies: the space and grid of a sweep, and key=uniform(a,b),
loguniform(a,b), int(a,b), key=a,b,c on the command line.

With none of --with and --optuna a tuner talks to this program:
  it writes  {"params": {"lr": 0.01}, "id": 7}         a trial to run
             {"stop": 7}  {"done": true}
  it reads   {"space": ..., "metric": ..., "mode": ...}   first
             {"id": 7, "state": "running", "epoch": 1, "values": {...}}
             {"id": 7, "state": "complete", "value": 0.93, "values": {...},
              "intermediate": [[1, 0.8], ...], "run": ...}
             state "failed", "diverged" (with "error") or "pruned" otherwise
A tuner started by --with also reads {"ask": 1} when parameters are wanted.]],
  flags = { "--with COMMAND", "--optuna STUDY", "--storage URL", "--sampler NAME", "--sampler-options JSON",
            "--optuna-command COMMAND", "--metric KEY", "--mode max|min", "-n --number N", "--jobs N", "--smoke",
              "--device D",
            "--allow-test-selection", "-q --quiet" },
  on_interrupt = "finish",
  main = function(_, words)
    local given, problem = read(words)
    if not given then return complain(problem) end
    if words.with and words.optuna then return complain "one of --with and --optuna" end
    local result, mistakes = runner.evaluate(given.file, given.overrides)
    local base = result
    if result and result.kind ~= "experiment" then base, mistakes = runner.evaluate(given.file, given.overrides,
      { base = true }) end
    if not base then
      io.stderr:write(mistakes, "\n")
      return 2
    end
    if result.kind == "ablate" then return complain(given.file .. " is an ablation, which has rows of its own") end
    local entries = result.kind == "sweep" and space.of_sweep(result.node) or {}
    for _, entry in ipairs(given.entries) do entries[#entries + 1] = entry end
    mistakes = space_problem(given, entries)
    if mistakes then
      io.stderr:write(mistakes, "\n")
      return 2
    end
    local metric
    metric, problem = metric_of(words, base)
    if not metric then return complain(problem) end
    local goal = { entries = entries, metric = metric, mode = words.mode or "max" }
    local partner
    partner, problem = partner_of(words, goal)
    if not partner then return complain(problem) end
    local speaks = not (words.with or words.optuna) -- then standard output is the tuner's
    local function write(text)
      if not speaks and not words.quiet then
        io.stdout:write(text)
        io.stdout:flush()
      end
    end
    if not words.optuna then
      local first = { metric = goal.metric, mode = goal.mode }
      if #entries > 0 then first.space = space.described(entries) end
      partner:send(first)
    end
    local jobs = words.jobs or 1
    local count = 0
    local done, run, stopped = pcall(session.run, {
      file = given.file, overrides = given.overrides, partner = partner, metric = metric, mode = goal.mode, jobs = jobs,
      limit = words.number or words.optuna and 20 or nil, smoke = words.smoke,
      threads = math.max(1, math.floor(system.cpu_count() / jobs)), write = write,
      live = not speaks and not words.quiet and system.isatty "stdout", width = system.terminal_width(100),
      say = function(trial, told)
        count = count + 1
        write(("%d  %s  %s\n"):format(count, trial.label or "?", told.state == "complete"
          and ("%s %.4f  %.1f s"):format(metric,
          told.value, told.seconds) or told.error and ("%s: %s"):format(told.state, told.error) or told.state))
      end,
    })
    local code = partner:close()
    if not done then return command_line.complain("tune", command_line.reason(run), 1) end
    if run.best then
      write(("\nbest: %s  %s %.4f  %s\n"):format(run.best.trial.label, metric, run.best.value, run.best.run))
    end
    if stopped == "interrupted" then return 75 end
    if code ~= 0 then return command_line.complain("tune", ("the tuner ended with exit code %d"):format(code), 1) end
    local failed = (run.counts.failed or 0) + (run.counts.diverged or 0)
    if run.told == 0 then return command_line.complain("tune", "the tuner asked for no trial", 1) end
    return failed == 0 and 0 or failed == run.told and 1 or 5
  end,
}
