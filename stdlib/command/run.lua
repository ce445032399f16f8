--- `moonlab run FILE [key=value ...]`: trains what a script declares; an ablation or a sweep runs all its trials.
local ablation = require "ablation"
local command_line = require "command_line"
local continuation = require "continuation"
local language = require "language"
local outcome = require "outcome"
local resume = require "resume"
local runner = require "runner"
local smoke = require "smoke"
local system = require "host.system"

local function write(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- The script, the overrides and the flags of the words; nil and what is wrong.
local function read(words)
  local file, overrides = nil, {}
  for _, word in ipairs(words) do
    if word:find "=" or word:sub(1, 1) == "~" then
      overrides[#overrides + 1] = word
    elseif not file then
      file = word
    else
      return nil, ("'%s' is neither a flag nor key=value; one script at a time"):format(word)
    end
  end
  if not file then return nil, "which script? moonlab run FILE [key=value ...]" end
  if words.device then overrides[#overrides + 1] = "device=" .. words.device end
  return file, overrides, words
end

-- "paper":{"test.top1":0.909}, for a row of which the paper gives numbers.
local function json_paper(spec, r, keys)
  local given, parts = spec.paper[r], {}
  if not given then return "" end
  for _, key in ipairs(keys) do
    local value = type(given) == "table" and given[key] or type(given) == "number" and key == keys[1] and given
    if value then parts[#parts + 1] = ("%q:%.17g"):format(key, value) end
  end
  return ('"paper":{%s},'):format(table.concat(parts, ","))
end

-- {"rows":[{"label":"full","metrics":{"test.top1":[0.91,0.93]},"failed":0}]}: every seed's value.
local function json_table(spec, outcome)
  local rows = {}
  for r, label in ipairs(spec.rows) do
    local metrics = {}
    for _, key in ipairs(outcome.keys) do
      local values = {}
      for i, value in ipairs(outcome.values[r][key] or {}) do
        values[i] = value == value and ("%.17g"):format(value) or "null"
      end
      metrics[#metrics + 1] = ("%q:[%s]"):format(key, table.concat(values, ","))
    end
    rows[r] = ('{"label":%q,"metrics":{%s},%s"failed":%d}'):format(label, table.concat(metrics, ","),
      json_paper(spec, r, outcome.keys), #outcome.failed[r])
  end
  return ('{%s"rows":[%s]}'):format(spec.smoke and '"smoke":true,' or "", table.concat(rows, ","))
end

-- The report of one row (first seed), after the table.
local function show(result, spec, outcome)
  if not result.node.args.show then return end
  for i, trial in ipairs(spec.trials) do
    local done = outcome.results[i]
    if trial.label == result.node.args.show and done and done.run then
      local folder = runner.store() .. "/" .. done.run .. "/artifacts/"
      local paths = io.open(folder .. "paths.txt")
      if paths then
        write(("\nTest images and the paths that '%s' (seed %d) decodes:\n%s"):format(
          trial.label, trial.seed, paths:read "*a"))
        paths:close()
      end
      local similar = io.open(folder .. "similar_labels.txt")
      if similar then
        write(("\nLabels that '%s' (seed %d) holds for alike:\n%s"):format(trial.label, trial.seed, similar:read "*a"))
        similar:close()
      end
      if system.stat(folder .. "graph.svg") then write("\nLabel graph with these paths: " .. folder .. "graph.svg\n") end
      return
    end
  end
end

-- What the store holds of an ablation's trials: those that are done, how many of them other code made, and
-- { [i] = id } of those that were begun.
local function stored(spec, file, options)
  if options.smoke or options.force then return {}, 0, {} end
  local function evaluated(trial)
    local words = { unpack(trial.overrides) }
    if options.device then table.insert(words, 1, "device=" .. options.device) end
    return (runner.evaluate(file, words, { base = true }))
  end
  local done, other_code = continuation.done(runner.store(), spec.trials, evaluated)
  local unfinished, begun = resume.unfinished(runner.store()), {}
  for i, trial in ipairs(next(unfinished) and spec.trials or {}) do
    local result = not done[i] and evaluated(trial)
    local found = result and unfinished[continuation.config_hash(result)]
    begun[i] = found and found.id or nil
  end
  return done, other_code, begun
end

local function run_ablation(result, file, overrides, options)
  local args = result.node.args
  local spec = { title = args.name, seeds = args.seeds, rows = {}, metrics = args.metrics, smoke = options.smoke,
                 jobs = options.jobs or args.jobs, trials = language.trials(result), against = {}, paper = {},
                 test = args.test, interval = args.interval }
  for r, row in ipairs(args.rows) do
    spec.rows[r], spec.against[r], spec.paper[r] = row.label, row.against or args.rows[1].label, row.paper
  end
  if options.smoke then -- every row, with the first seed
    local first = {}
    for _, trial in ipairs(spec.trials) do
      if trial.seed == args.seeds[1] then first[#first + 1] = trial end
    end
    spec.title, spec.seeds, spec.trials = args.name .. ", smoke", { args.seeds[1] }, first
  end
  local done, other_code, begun = stored(spec, file, options)
  local started = system.clock()
  local code, outcome = ablation.run(spec, {
    done = done, begun = begun, markdown = options.markdown, vectorize = options.vectorize or args.vectorize, note = options.smoke and smoke.note or nil,
    write = options.quiet and function() end or write, live = system.isatty "stdout" and not options.quiet,
    width = system.terminal_width(100),
    complete = function(values, results)
      return require "row_references"(result, spec, values, results, runner.store())
    end,
    command = function(words, i)
      if begun[i] then return { system.executable(), "resume", "--trial", begun[i] } end
      local command = { system.executable(), "run", "--trial", file }
      if options.smoke then command[#command + 1] = "--smoke" end
      if options.device then command[#command + 1] = "device=" .. options.device end
      for _, word in ipairs(words) do command[#command + 1] = word end
      return command
    end,
  })
  if options.json then
    if outcome.keys then write(json_table(spec, outcome) .. "\n") end
    return code
  end
  if options.quiet and outcome.keys then write(ablation.table(spec, outcome.values, outcome.keys, options.markdown) .. "\n") end
  if code == 0 then
    show(result, spec, outcome)
    if not options.quiet and other_code > 0 then
      write(("\n%d of the trials in the store were trained by other code than this; --force trains all anew\n")
        :format(other_code))
    end
    if not options.quiet then write(("\n%.0f s altogether\n"):format(system.clock() - started)) end
  end
  return code
end

return {
  usage = "FILE [key=value ...]",
  summary = "train what a script declares, evaluate it and keep the run",
  help = [[
  key=value      a parameter of the script or any option by its path
                 (optim.lr=1e-3); ~key restores its default
  --device D     auto, cpu, cuda, cuda:1
  --name N       part of the run's id, instead of the experiment's name
  --tag T        written down with the run
  --smoke        a few steps of everything, evaluation and reports included, to
                 see that it works; of an ablation every row with one seed. Its
                 runs are marked and never stand in for others
  --force        trains what is in the store already, too; without it an
                 ablation runs what is missing
  --markdown     the table of an ablation as Markdown
  --jobs N       trials of an ablation that run at the same time
  --vectorize W  off: each trial of an ablation is trained by itself; auto
                 trains heads on the same cached features together
  --json         the result as one line of JSON
  -q             no progress]],
  flags = { "--device D", "--name NAME", "--tag T", "--jobs N", "--vectorize auto|off", "--json", "-q --quiet", "--smoke", "--force", "--markdown" },
  internal = { "--trial", "--rungs LIST", "--sweep ID" },
  on_interrupt = "finish",
  main = function(_, words)
    local file, overrides, options = read(words)
    if not file then return command_line.complain("run", overrides) end
    options.events = options.trial
    local result, mistakes = runner.evaluate(file, overrides, { base = options.events })
    if not result then
      io.stderr:write(mistakes, "\n")
      return 2
    end
    options.quiet = options.quiet or options.json
    if result.kind == "ablate" then return run_ablation(result, file, overrides, options) end
    if result.kind == "sweep" then return require("command.sweep").run(result, options) end
    options.base, options.file = options.events, file
    local code, run, state = runner.experiment(result, options)
    return outcome.tell(code, run, state, options)
  end,
}
