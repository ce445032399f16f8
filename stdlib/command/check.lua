--- `moonlab check FILE [key=value ...]`: builds everything a script declares, runs one batch, trains nothing.
local language = require "language"
local reference_runs = require "reference_runs"
local runner = require "runner"

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

-- @return the exit code and, where it is not 0, what is wrong
local function check_experiment(result, alone)
  local made, mistake = runner.build(result, true)
  mistake = mistake or reference_runs.problem(result)
  if mistake then return 2, mistake end
  local loss, terms, batch = first_batch(made)
  print(("%-12s %s"):format("experiment", made.name))
  print(("%-12s %d batches of up to %d an epoch, %d epochs"):format("data", made.loaders.train:batches(),
    #batch.y, made.epochs))
  print(("%-12s %d parameters on %s"):format("model", made.model.module:num_parameters(), made.device))
  for _, term in ipairs(terms) do
    local note = ""
    if term[1] == "ce" and made.data.classes then
      local k = made.data.classes
      note = ("  (guessing among %d classes: ln %d = %.4f)"):format(k, k, math.log(k))
    end
    print(("%-12s %.4f%s"):format(term[1], term[2], note))
  end
  if #terms > 1 then print(("%-12s %.4f"):format("loss", loss)) end
  if loss ~= loss or loss == math.huge then
    return 1, "the first loss is not finite"
  end
  if alone and made.data.parts then print(("\n%s\n"):format(tostring(made.data:report()))) end
  print "fine: everything builds and one batch runs"
  return 0
end

-- Every row of an ablation is looked at, whatever is wrong with another. Mistakes are told at the end, each once with the
-- rows that have it. @return the exit code
local function check_rows(file, result)
  local seen, rows, worst, wrong, texts, rows_of = {}, 0, 0, 0, {}, {}
  for _, trial in ipairs(language.trials(result)) do
    if not seen[trial.row] then
      seen[trial.row], rows = true, rows + 1
      print("row '" .. trial.label .. "'")
      local row, mistakes = runner.evaluate(file, trial.overrides, { base = true, positions = trial.positions })
      local code = 2
      if row then code, mistakes = check_experiment(row) end
      if code ~= 0 then
        print "wrong: see below"
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
    .. "  --device D   auto, cpu, cuda, cuda:1",
  flags = { "--device" },
  main = function(args)
    local file, overrides, skip = nil, {}, false
    for i, word in ipairs(args) do
      if skip then
        skip = false
      elseif word == "--device" then
        overrides[#overrides + 1], skip = "device=" .. (args[i + 1] or ""), true
      elseif word:match "^%-%-device=" then
        overrides[#overrides + 1] = word:sub(3)
      elseif word:find "=" or word:sub(1, 1) == "~" then
        overrides[#overrides + 1] = word
      elseif not file then
        file = word
      else
        io.stderr:write(("moonlab check: '%s' is not key=value; one script at a time\n"):format(word))
        return 2
      end
    end
    if not file then
      io.stderr:write "moonlab check: which script? moonlab check FILE [key=value ...]\n"
      return 2
    end
    local result, mistakes = runner.evaluate(file, overrides)
    if not result then
      io.stderr:write(mistakes, "\n")
      return 2
    end
    if result.kind ~= "experiment" then return check_rows(file, result) end
    local code, mistake = check_experiment(result, true)
    if mistake then io.stderr:write(mistake, "\n") end
    return code
  end,
}
