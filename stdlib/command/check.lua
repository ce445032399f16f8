--- `moonlab check FILE [key=value ...]`: builds everything a script declares, runs one batch, trains nothing.
local canonical = require "language.canonical"
local command_line = require "command_line"
local first_step = require "first_step"
local language = require "language"
local reference_runs = require "reference_runs"
local runner = require "runner"
local system = require "host.system"

local function write_json(facts, made, label)
  facts.experiment, facts.device = made.name, made.device
  facts[label and label.what or "row"] = label and label.text
  facts.join = made.data.parts and setmetatable(made.data:report(), nil) or nil
  print(canonical.text(facts))
end

local function megabytes(bytes)
  local value = bytes / 1e6
  return value < 9.95 and ("%.1f"):format(value) or ("%.0f"):format(value)
end

-- "ln 10 = 2.3026" where it is that of a whole number.
local function chance(guess)
  local k = math.floor(math.exp(math.min(guess, 20)) + 0.5)
  if k >= 2 and math.abs(math.log(k) - guess) < 2e-4 then return ("ln %d = %.4f"):format(k, guess) end
  return ("%.4f"):format(guess)
end

-- The loss of outputs that say nothing beside the first one, and what a large difference may mean.
local function guessing(term)
  local value, guess = term[2], term[3]
  if not guess then return "" end
  local note = ("  (guessing: %s)"):format(chance(guess))
  if guess > 0 and value > 1.5 * guess then return note .. ", far above: the first outputs are large" end
  if guess > 0 and value < 0.5 * guess then return note
    .. ", far below: weights that are trained, or labels that the input shows" end
  return note
end

local function duration(seconds)
  if seconds < 90 then return ("%.2g s"):format(seconds) end
  if seconds < 5400 then return ("%.0f min"):format(seconds / 60) end
  return ("%.1f h"):format(seconds / 3600)
end

local function write_text(facts, made, label)
  local function say(name, text, ...) print(("%-12s "):format(name) .. text:format(...)) end
  say("experiment", "%s", made.name)
  say("data", "%d batches of up to %d an epoch, %d epochs", facts.batches, facts.batch, facts.epochs)
  say("model", "%d parameters on %s%s", facts.parameters, made.device,
    facts.trained < facts.parameters and (", %d of them trained"):format(facts.trained) or "")
  for _, shape in ipairs(facts.shapes) do say(shape[1], "%s", shape[2]) end
  for _, term in ipairs(facts.terms) do say(term[1], "%.4f%s", term[2], guessing(term)) end
  if #facts.terms > 1 then say("loss", "%.4f", facts.loss) end
  say("gradient", "norm %.3g%s", facts.gradient, facts.gradient == 0 and ": nothing is learnt from this batch" or "")
  say("memory", "about %s MB in a step: parameters %s, gradients %s, optimizer %s", megabytes(facts.bytes.peak),
    megabytes(facts.bytes.parameters), megabytes(facts.bytes.gradients), megabytes(facts.bytes.optimizer))
  say("time", "%s for the first step; an epoch of such takes %s", duration(facts.seconds),
    duration(facts.seconds * facts.batches))
  if not label and made.data.parts then print(("\n%s\n"):format(tostring(made.data:report()))) end
  print "fine: everything builds and one batch runs"
end

-- One line for a trial of many.
local function write_line(facts, _, label)
  local terms = {}
  for i, term in ipairs(facts.terms) do
    terms[i] = ("%s %.4f%s"):format(term[1], term[2], term[3] and (" (%s)"):format(chance(term[3])) or "")
  end
  print(("fine  %s  %s  %d parameters  %s MB  %s"):format(label.text, table.concat(terms, "  "), facts.parameters,
    megabytes(facts.bytes.peak), duration(facts.seconds)))
end

-- @param write what is told of it, or nil for silence; @param label { what = "row" or "cell", text } of a trial, or nil
-- @return the exit code and, where it is not 0, what is wrong
local function check_experiment(result, write, label)
  local made, mistake = runner.build(result, true)
  mistake = mistake or reference_runs.problem(result)
  if mistake then return 2, mistake end
  local ran, facts = pcall(first_step, made)
  if not ran then return 2, (tostring(type(facts) == "table" and facts.message or facts):gsub("\ncalled from\n.*$", "")
    :gsub("^[^\n:]+%.lua:%d+: transform", "transform")) end
  if not facts.shapes then return 1, ("the first loss is not finite: %s"):format(tostring(facts.loss)) end
  write(facts, made, label)
  return 0
end

-- Adds the first point of a search that learns, under each combination of the grid: the others follow from results.
local function first_points(plan)
  require "language.session".within(plan.result.session, function()
    for g, values in ipairs(plan.groups) do
      local all, point = {}, plan.search.propose(plan.space, 1, {})
      for key, value in pairs(values) do all[key] = value end
      for i, axis in ipairs(plan.space) do all[axis.key] = point[i] end
      plan:add_cell(all, g, 1)
    end
  end)
end

-- The trials that differ in more than the seed: { { what, text, overrides, positions } }; nil and what is wrong.
local function variants(result)
  if result.kind == "ablate" then
    local list, seen = {}, {}
    for _, trial in ipairs(language.trials(result)) do
      if not seen[trial.row] then
        seen[trial.row] = true
        list[#list + 1] = { what = "row", text = trial.label, overrides = trial.overrides, positions = trial.positions }
      end
    end
    return list
  end
  local plan, mistakes = require "sweep.plan".of(result, {})
  if not plan then return nil, mistakes end
  if plan.search and plan.search.adaptive then first_points(plan) end
  local list, seen = {}, {}
  for _, trial in ipairs(plan.trials) do
    if not seen[trial.cell or trial] then
      seen[trial.cell or trial] = true
      list[#list + 1] = { what = "cell", text = trial.label, overrides = trial.overrides }
    end
  end
  return list
end

-- Every row of an ablation, every cell of a sweep is looked at, whatever is wrong with another. Mistakes are told at
-- the end, each once with the rows that have it. @return the exit code
local function check_all(file, result, json)
  local list, problem = variants(result)
  if not list then
    io.stderr:write(problem, "\n")
    return 2
  end
  local worst, wrong, texts, rows_of = 0, 0, {}, {}
  local brief = #list > 6
  local what = result.kind == "ablate" and "row" or "cell"
  for _, variant in ipairs(list) do
    if not json and not brief then print(("%s '%s'"):format(what, variant.text)) end
    local made, mistakes = runner.evaluate(file, variant.overrides, { base = true, positions = variant.positions })
    local code = 2
    if made then
      code, mistakes = check_experiment(made, json and write_json or brief and write_line or write_text, variant)
    end
    if system.interrupts() > 0 then return 130 end
    if code ~= 0 then
      if not json then print(brief and ("wrong %s: see below"):format(variant.text) or "wrong: see below") end
      worst, wrong = math.max(worst, code), wrong + 1
      if not rows_of[mistakes] then
        rows_of[mistakes] = {}
        texts[#texts + 1] = mistakes
      end
      table.insert(rows_of[mistakes], "'" .. variant.text .. "'")
    end
    io.stdout:flush()
    collectgarbage()
  end
  io.stdout:flush()
  for _, text in ipairs(texts) do
    local labels = rows_of[text]
    io.stderr:write(("\nin %s %s:\n%s\n"):format(#labels == 1 and what or what .. "s", table.concat(labels, ", "),
      text))
  end
  if wrong > 0 then io.stderr:write(("\n%d of %d %ss have mistakes\n"):format(wrong, #list, what)) end
  return worst
end

return {
  usage = "FILE [key=value ...]",
  summary = "build everything a script declares and run one batch",
  help = [[
  key=value    as for run
  --device D   auto, cpu, cuda, cuda:1
  --json       what was found as a line of JSON (of each row of an ablation or
               cell of a sweep), with the report of a join

One training step is made on one batch, and one batch of each split is
evaluated: shapes, the first loss beside what guessing costs (ln K for K
classes), memory, time. Of an ablation every row, of a sweep every cell.]],
  flags = { "--device D", "--json" },
  main = function(_, words)
    local file, overrides, json = nil, {}, words.json
    for _, word in ipairs(words) do
      if word:find "=" or word:sub(1, 1) == "~" then
        overrides[#overrides + 1] = word
      elseif not file then
        file = word
      else
        return command_line.complain("check", ("'%s' is not key=value; one script at a time"):format(word))
      end
    end
    if words.device then overrides[#overrides + 1] = "device=" .. words.device end
    if not file then return command_line.complain("check", "which script? moonlab check FILE [key=value ...]") end
    local result, mistakes = runner.evaluate(file, overrides)
    if not result then
      io.stderr:write(mistakes, "\n")
      return 2
    end
    if result.kind ~= "experiment" then return check_all(file, result, json) end
    local code, mistake = check_experiment(result, json and write_json or write_text)
    if mistake then io.stderr:write(mistake, "\n") end
    return code
  end,
}
