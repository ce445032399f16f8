-- Metrics of a whole training, by numbers, in an experiment and across the rows of an ablation.
local t = require "test"
local course = require "course"
local curves = require "learning_curve"
local evaluate = require "evaluate"
local schema = require "schema"
local system = require "host.system"

local nan = 0 / 0
local function is_nan(x) return x ~= x end

local function curve(values, seconds_an_epoch)
  local records = {}
  for i, value in ipairs(values) do
    records[i] = { epoch = i, step = 10 * i, seconds = (seconds_an_epoch or 1) * i, ["test.top1"] = value }
  end
  return curves.of_records(records, "test.top1")
end

t.test("best value and area under the accuracy curve", function()
  local values = { 0.5, 0.7, 0.9, 0.8 }
  local best, epoch = curves.best(values)
  t.eq({ best, epoch }, { 0.9, 3 })
  t.eq({ curves.best({ 0.3, 0.1, 0.1 }, "min") }, { 0.1, 2 })
  t.near(curves.auac(values), 0.725, 1e-12)
  t.eq({ curves.best { nan, 0.2 } }, { 0.2, 2 })
  t.ok(is_nan((curves.best {})) and is_nan(curves.auac {}) and is_nan((curves.best { nan })))
  t.ok(is_nan(curves.auac { 0.5, nan }), "a missing value is not left out in silence")
end)

t.test("epochs and time saved: 1 - e / T for the first epoch that is as good", function()
  local fast, reference = curve({ 0.5, 0.7, 0.75, 0.8, 0.79 }, 2), curve { 0.3, 0.5, 0.6, 0.7, 0.65 }
  local level = curves.best(reference.value)
  t.near(curves.epochs_saved(fast, level), 1 - 2 / 5, 1e-12)
  t.near(curves.time_saved(fast, level), 1 - 4 / 10, 1e-12)
  t.near(curves.time_saved(fast, level, "max", 5), 1 - 4 / 5, 1e-12)
  t.near(curves.time_saved(fast, level, "max", 2), -1, 1e-12, "longer than the whole reference")
  t.eq(curves.epochs_saved(fast, 0.8), 1 - 4 / 5)
  t.ok(is_nan(curves.epochs_saved(fast, 0.81)) and is_nan(curves.time_saved(fast, 0.81)))
  t.eq(curves.epochs_saved(curve { 0.5, 0.3, 0.2 }, 0.3, "min"), 1 - 2 / 3)
  t.ok(is_nan(curves.epochs_saved(curve {}, 0.5)))
end)

t.test("known answer 002-09, error reduction: the label-embedding paper's table in percent", function()
  for _, row in ipairs { { 27.35, 23.97, 12.4 }, { 8.66, 6.97, 19.5 }, { 0.85, 0.55, 35.3 }, { 1.93, 1.43, 25.9 } } do
    t.near(100 * curves.error_reduction(row[1], row[2]), row[3], 0.05)
  end
  t.near(curves.error_reduction(0.1, 0.2), -1, 1e-12)
  t.ok(is_nan(curves.error_reduction(0, 0)))
end)

t.test("curves of several seeds are averaged over the epochs that all have", function()
  local mean = curves.mean { curve { 0.2, 0.4, 0.9 }, curve({ 0.4, 0.8 }, 3) }
  t.eq(mean.epoch, { 1, 2 })
  t.near(mean.value[2], 0.6, 1e-12)
  t.near(mean.deviation[2], math.sqrt(0.08), 1e-12)
  t.eq(mean.seconds, { 2, 4 })
  t.eq(curves.mean({ curve { 0.5 } }).deviation, nil)
  t.eq(curves.mean({}).value, {})
end)

t.test("what was measured after training, and what has no number, is no part of a curve", function()
  local records = { { epoch = 1, step = 1, seconds = 1, ["test.top1"] = 0.5 }, { epoch = 2, step = 2, seconds = 2 },
                    { epoch = 3, step = 3, seconds = 3, ["test.top1"] = 0.7 },
                    { final = true, epoch = 3, step = 3, seconds = 4, ["test.top1"] = 0.9 } }
  t.eq(curves.of_records(records, "test.top1"),
    { epoch = { 1, 3 }, step = { 1, 3 }, seconds = { 1, 3 }, value = { 0.5, 0.7 } })
end)

local function metric(name, options) return schema.build(schema.find("metric." .. name)(options)) end

t.test("constructors: keys stand where the metric's stands, and smaller errors are better", function()
  local given = { curve = curve { 0.5, 0.9, 0.8 }, final = 0.8, reference = function() return nil, "there is none" end }
  t.eq((course.read(metric("best", { "top1" }), "val.onehot.top1", given)), { { "val.onehot.best_top1", 0.9 } })
  t.eq((course.read(metric("best", { "error" }), "test.error", given)), { { "test.best_error", 0.5 } })
  t.eq((course.read(metric("best", { "error", mode = "max" }), "test.error", given)), { { "test.best_error", 0.9 } })
  local saved, hints = course.read(metric("time_to", { "top1", reach = 0.85 }), "test.top1", given)
  t.eq(saved[1][1], "test.epochs_saved_top1")
  t.near(saved[1][2], 1 / 3, 1e-12)
  t.eq(hints, {})
  saved, hints = course.read(metric("time_to", { "top1" }), "test.top1", given)
  t.ok(is_nan(saved[1][2]) and is_nan(saved[2][2]))
  t.eq(hints, { { "test.epochs_saved_top1", "there is none" } })
  hints = select(2, course.read(metric("time_to", { "top1", reach = 0.95 }), "test.top1", given))
  t.eq(hints, { { "test.epochs_saved_top1", "0.95 was not reached" } })
  -- against a reference that ends with 10 % errors
  given.reference = function(changes)
    return { curve = curve { 0.4, 0.6, 0.8 }, final = changes.head == "onehot" and 0.9 }
  end
  local reduction = metric("error_reduction", { "top1", against = { head = "onehot" } })
  t.near(course.read(reduction, "test.top1", given)[1][2], -1, 1e-12)
  given.final = 0.95
  t.near(course.read(reduction, "test.top1", given)[1][2], 0.5, 1e-9)
end)

t.test("what they are read off is measured once, for each head", function()
  local auac, best = schema.find "metric.auac" "top1", schema.find "metric.best" "binary.ece"
  local found, of_training = evaluate.metrics({ auac, "top1", best }, { "onehot", "binary" }, {})
  local keys = {}
  for i, entry in ipairs(found) do keys[i] = entry.key end
  t.eq(keys, { "onehot.top1", "binary.top1", "binary.ece" })
  for i, entry in ipairs(of_training) do keys[i] = entry.key end
  t.eq(keys, { "onehot.top1", "binary.top1", "binary.ece" })
  t.eq(evaluate.problem({ "auac" }, {}), "metric 'auac' needs its metric: write auac { \"top1\" }")
  t.eq(evaluate.problem({ "tau_b" }, {}), "metric 'tau_b' needs its tree: write tau_b { tree = ... }")
  local unknown = evaluate.problem({ schema.find "metric.best" "tops" }, {})
  t.ok(unknown:find("unknown metric 'tops'; did you mean 'top1'?", 1, true), unknown)
  t.raises(function() schema.find "metric.best" { schema.find "metric.auac" "top1" } end,
    "it takes a metric of one evaluation")
end)

local folder = system.temporary_folder "moonlab-training"

local script = [[
local p = params { head = "onehot", lr = 1e-3 }
return experiment "curves" {
  data  = mnist5k { batch = 32, per_class = 10, test = 20 },
  model = trunk { vision.mlp {}, head = pick(p.head, {
            onehot = head.softmax {}, smooth = head.softmax { label_smoothing = 0.2 } }) },
  optim = adamw { lr = p.lr },
  train = { epochs = 4 },
  eval  = { metrics = { METRICS } },
}
]]

local across = [[ "top1", best "top1", auac "top1", time_to { "top1", reach = best_of { head = "onehot" } },
  error_reduction { "top1", against = { head = "onehot" } } ]]

local function write(name, text)
  assert(system.write_atomic(folder .. "/" .. name, text))
  return folder .. "/" .. name
end

local program = require "tests.program"

local function with_store(words, store)
  words.environment = { MOONLAB_STORE = store }
  return words
end

-- "test.top1 0.5" -> { ["test.top1"] = 0.5 }; "-" stays a text
local function values_of(text)
  local values = {}
  for key, value in text:gmatch "([%w_.]+) ([%d.-]+)\n" do values[key] = tonumber(value) or value end
  return values
end

t.test("a run compares itself with one of the store; without it there is the command for it", function()
  local file = write("curves.lua", (script:gsub("METRICS", across)))
  local store = folder .. "/store"
  local function run(...)
    local result = program.run(with_store({ "run", file, ... }, store))
    t.eq(result.code, 0, result.err)
    return result.out
  end
  local alone = run("head=smooth", "lr=0.01")
  t.eq(values_of(alone)["test.epochs_saved_top1"], "-")
  t.ok(alone:find("test.epochs_saved_top1, test.error_reduction_top1: no finished run to compare with in " .. store
    .. "; it would be: moonlab run " .. file .. " lr=0.01 head=onehot", 1, true), alone)
  local reference = values_of(run("head=onehot", "lr=0.01"))
  t.eq({ reference["test.epochs_saved_top1"], reference["test.error_reduction_top1"] }, { "-", "-" })
  local found = values_of(run("head=smooth", "lr=0.01"))
  t.eq(found["test.best_top1"], values_of(alone)["test.best_top1"], "nothing else has changed")
  t.ok(found["test.auac_top1"] <= found["test.best_top1"])
  t.near(found["test.error_reduction_top1"],
    (found["test.top1"] - reference["test.top1"]) / (1 - reference["test.top1"]), 2e-3)
  if found["test.best_top1"] >= reference["test.best_top1"] then
    t.ok(found["test.epochs_saved_top1"] >= 0 and found["test.epochs_saved_top1"] <= 0.75)
  else
    t.eq(found["test.epochs_saved_top1"], "-")
  end
end)

t.test("a reference that no configuration has is a mistake before training", function()
  local file = write("wrong.lua", (script:gsub("METRICS", [[time_to { "top1", reach = best_of { haed = "onehot" } }]])))
  local result = program.run(with_store({ "run", file }, folder .. "/none"))
  t.eq(result.code, 2)
  t.eq(program.run({ "check", file }).err, result.err)
  t.ok(result.err:find("wrong.lua:8:25: the run to compare with, haed=onehot: ", 1, true), result.err)
  t.ok(result.err:find("unknown parameter 'haed'; did you mean 'head'?", 1, true), result.err)
end)

t.test("in an ablation curves are averaged over seeds, and rows are each other's references", function()
  local file = write("rows.lua", ([[
return ablate "rows" {
  base = function(p)
    return experiment "curves" {
      data  = mnist5k { batch = 32, per_class = 10, test = 20 },
      model = trunk { vision.mlp {}, head = head.softmax {} },
      optim = adamw { lr = p.lr }, train = { epochs = 4 },
      eval  = { metrics = { "top1", time_to "top1", error_reduction "top1", time_to { f1 { average = "macro" } } } },
    }
  end,
  seeds = { 1, 2 }, { "slow", lr = 1e-4 }, { "fast", lr = 1e-2 }, { "faster", lr = 2e-2, against = "fast" },
}]]):gsub("^return", "params { lr = 1e-3 }\nreturn"))
  local store = folder .. "/rows"
  local result = program.run(with_store({ "run", file, "--json" }, store))
  t.eq(result.code, 0, result.err)
  local function row(label) return result.out:match('"label":"' .. label .. '","metrics":(%b{})') end
  t.ok(row "slow":find('"test.epochs_saved_top1":[]', 1, true), row "slow")
  t.ok(row "fast":find '"test.epochs_saved_f1_macro":%[0', row "fast")
  local function list(label, key)
    local values = {}
    for value in row(label):match('"' .. key:gsub("%.", "%%.") .. '":(%b[])'):gmatch "[^%[%],]+" do
      values[#values + 1] = tonumber(value)
    end
    return values
  end
  -- recomputed from what the runs wrote down
  local host_run, of_row = require "host.run", { slow = {}, fast = {}, faster = {} }
  local name_of = { ["0.0001"] = "slow", ["0.01"] = "fast", ["0.02"] = "faster" }
  for _, entry in ipairs(host_run.list(store)) do
    local run = host_run.open(store, entry.id)
    for _, word in ipairs(run:meta().overrides) do
      local value = word:match "^lr=(.*)$"
      if value then table.insert(of_row[name_of[tostring(tonumber(value))]], run:metrics()) end
    end
  end
  local function mean_of(label)
    local all = {}
    for i, records in ipairs(of_row[label]) do all[i] = curves.of_records(records, "test.top1") end
    t.eq(#all, 2)
    return curves.mean(all)
  end
  for _, pair in ipairs { { "fast", "slow" }, { "faster", "fast" } } do
    local own, reference = mean_of(pair[1]), mean_of(pair[2])
    local expected = curves.epochs_saved(own, (curves.best(reference.value)))
    local found = list(pair[1], "test.epochs_saved_top1")
    if is_nan(expected) then t.eq(found, {}) else t.eq(#found, 1) t.near(found[1], expected, 1e-12) end
    local final, other = list(pair[1], "test.top1"), list(pair[2], "test.top1")
    local errors, reference_errors = 1 - (final[1] + final[2]) / 2, 1 - (other[1] + other[2]) / 2
    t.near(list(pair[1], "test.error_reduction_top1")[1], (reference_errors - errors) / reference_errors, 1e-9)
  end
  -- the same command finds all trials in the store and says the same
  local again = program.run(with_store({ "run", file, "--json" }, store))
  t.eq(again.out, result.out)
end)
