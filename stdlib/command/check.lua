--- `moonlab check FILE [key=value ...]`: builds everything a script declares, runs one batch, trains nothing.
local canonical = require "language.canonical"
local command_line = require "command_line"
local language = require "language"
local reference_runs = require "reference_runs"
local runner = require "runner"
local system = require "host.system"

-- What one batch through model and loss says: numbers before any step.
local function first_batch(made)
  local state = { model = made.model, optim = made.optim, step = 1 }
  made.model:train()
  for batch in made.loaders.train:each(0) do
    state.batch = batch
    break
  end
  made.objective:forward(state)
  made.objective:criterion(state)
  local terms = {}
  for i, name in ipairs(made.objective.names) do terms[i] = { name, state.terms[i]:item() } end
  return state.loss:item(), terms, state.batch
end

local function write_json(name, facts, made, row)
  facts.experiment, facts.row, facts.device = name, row, made.device
  facts.join = made.data.parts and setmetatable(made.data:report(), nil) or nil
  print(canonical.text(facts))
end

local function write_text(name, facts, made, row)
  print(("%-12s %s"):format("experiment", name))
  print(("%-12s %d batches of up to %d an epoch, %d epochs"):format("data", facts.batches, facts.batch, facts.epochs))
  print(("%-12s %d parameters on %s"):format("model", facts.parameters, made.device))
  for _, term in ipairs(facts.terms) do
    local note = ""
    if term[1] == "ce" and made.data.classes then
      local k = made.data.classes
      note = ("  (guessing among %d classes: ln %d = %.4f)"):format(k, k, math.log(k))
    end
    print(("%-12s %.4f%s"):format(term[1], term[2], note))
  end
  if #facts.terms > 1 then print(("%-12s %.4f"):format("loss", facts.loss)) end
  if not row and made.data.parts then print(("\n%s\n"):format(tostring(made.data:report()))) end
  print "fine: everything builds and one batch runs"
end

-- @param row the label of the ablation's row, or nil
-- @return the exit code and, where it is not 0, what is wrong
local function check_experiment(result, json, row)
  local made, mistake = runner.build(result, true)
  mistake = mistake or reference_runs.problem(result)
  if mistake then return 2, mistake end
  local ran, loss, terms, batch = pcall(first_batch, made)
  if not ran then return 2, (tostring(type(loss) == "table" and loss.message or loss):gsub("\ncalled from\n.*$", "")
    :gsub("^[^\n:]+%.lua:%d+: transform", "transform")) end
  if loss ~= loss or loss == math.huge then return 1, "the first loss is not finite" end
  local write = json and write_json or write_text
  write(made.name, { batches = made.loaders.train:batches(), batch = #batch.y, epochs = made.epochs, terms = terms,
                     loss = loss, parameters = made.model.module:num_parameters() }, made, row)
  return 0
end

-- Every row of an ablation is looked at, whatever is wrong with another. Mistakes are told at the end, each once with
-- the rows that have it. @return the exit code
local function check_rows(file, result, json)
  local seen, rows, worst, wrong, texts, rows_of = {}, 0, 0, 0, {}, {}
  for _, trial in ipairs(language.trials(result)) do
    if not seen[trial.row] then
      seen[trial.row], rows = true, rows + 1
      if not json then print("row '" .. trial.label .. "'") end
      local row, mistakes = runner.evaluate(file, trial.overrides, { base = true, positions = trial.positions })
      local code = 2
      if row then code, mistakes = check_experiment(row, json, trial.label) end
      if system.interrupts() > 0 then return 130 end
      if code ~= 0 then
        if not json then print "wrong: see below" end
        worst, wrong = math.max(worst, code), wrong + 1
        if not rows_of[mistakes] then
          rows_of[mistakes] = {}
          texts[#texts + 1] = mistakes
        end
        table.insert(rows_of[mistakes], "'" .. trial.label .. "'")
      end
    end
  end
  io.stdout:flush()
  for _, text in ipairs(texts) do
    local labels = rows_of[text]
    io.stderr:write(("\nin %s %s:\n%s\n"):format(#labels == 1 and "row" or "rows", table.concat(labels, ", "), text))
  end
  if wrong > 0 then io.stderr:write(("\n%d of %d rows have mistakes\n"):format(wrong, rows)) end
  return worst
end

return {
  usage = "FILE [key=value ...]",
  summary = "build everything a script declares and run one batch",
  help = "  key=value    as for run; the first loss is compared with ln K, what guessing among K classes costs\n"
    .. "  --device D   auto, cpu, cuda, cuda:1\n"
    .. "  --json       what was found as a line of JSON (of each row of an ablation), with the report of a join",
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
    if result.kind ~= "experiment" then return check_rows(file, result, json) end
    local code, mistake = check_experiment(result, json)
    if mistake then io.stderr:write(mistake, "\n") end
    return code
  end,
}
