-- F1 in its three averages; values of several labels as scikit-learn's f1_score defines them (zero_division = 0).
local t = require "test"
local evaluate = require "evaluate"
local label_rows = require "label_rows"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"

local function long(values) return torch.tensor(values, { dtype = "int64" }) end

local function metric(name, options, context)
  local made = schema.build(schema.find("metric." .. name)(options or {}), context)
  made:reset()
  return made
end

local function value(name, prediction, y, options, context)
  local made = metric(name, options, context)
  made:add(prediction, { y = y })
  return made:value()
end

-- Documents of several categories; the seventh class never occurs.
local truth = long { { 0, 1 }, { 2, -1 }, { 3, 4 }, { 5, -1 } }
local sets = long { { 0, 1 }, { 2, 0 }, { 3, -1 }, { 5, 2 } }
local predicted = { y = long { 0, 2, 3, 2 }, set = label_rows.indicator(sets, 7) }

t.test("several labels: the known answer", function()
  local case = oracle "000-23"
  local number, count = {}, 0
  local function rows(documents)
    local list = {}
    for i, document in ipairs(documents) do
      list[i] = { -1, -1, -1 }
      for k, name in ipairs(document) do
        if not number[name] then number[name], count = count, count + 1 end
        list[i][k] = number[name]
      end
    end
    return long(list)
  end
  local y, guess = rows(case.input.truth), rows(case.input.predicted)
  local prediction = { y = guess["..., 0"], set = label_rows.indicator(guess, count) }
  t.near(value("f1_micro", prediction, y), case.expected.micro, case.tolerance)
  t.near(value("f1_macro", prediction, y), case.expected.macro, case.tolerance)
  t.near(value("f1_samples", prediction, y), case.expected.sample, case.tolerance)
end)

t.test("several labels: micro, macro and a sample's F1 of four documents", function()
  t.near(value("f1_micro", predicted, truth), 10 / 13, 1e-9)
  t.near(value("f1_macro", predicted, truth), (2 / 3 + 1 + 2 / 3 + 1 + 0 + 1) / 6, 1e-9)
  t.near(value("f1_samples", predicted, truth), 0.75, 1e-9)
  t.near(value("f1_macro", predicted, truth, { over = "all" }), (2 / 3 + 1 + 2 / 3 + 1 + 0 + 1) / 7, 1e-9)
  t.near(value("exact", predicted, truth), 0.25, 0)
  t.near(value("top1", predicted, truth), 0.75, 1e-9)
  t.near(value("error", predicted, truth), 0.25, 1e-9)
  -- f1 { average } is the same, under the key of its average
  for _, average in ipairs { "micro", "macro", "samples" } do
    local node = schema.find "metric.f1" { average = average }
    local entry = evaluate.metrics({ node }, {})[1]
    t.eq(entry.key, "f1_" .. average)
    entry.metric:add(predicted, { y = truth })
    t.near(entry.metric:value(), value("f1_" .. average, predicted, truth), 0)
  end
end)

t.test("batches of any size and width of labels count alike", function()
  for _, context in ipairs { { classes = 7 }, {} } do
    for _, name in ipairs { "f1_micro", "f1_macro", "f1_samples", "exact" } do
      local whole, parts = value(name, predicted, truth, nil, context), metric(name, nil, context)
      for _, range in ipairs { { 0, 1 }, { 1, 4 } } do
        scope(function()
          parts:add({ y = predicted.y[{ range }], set = predicted.set[{ range }] }, { y = truth[{ range }] })
        end)
      end
      t.near(parts:value(), whole, 1e-12)
    end
  end
end)

t.test("one label: micro is accuracy, macro leaves out classes that nobody names", function()
  local y, guess = long { 0, 0, 1, 2, 2 }, { y = long { 0, 2, 1, 2, -1 } }
  -- per class: 0: 2/3, 1: 1, 2: 2/4; a sample without a prediction is a miss, not a false alarm
  t.near(value("f1_micro", guess, y), 2 * 3 / (4 + 5), 1e-9)
  t.near(value("f1_macro", guess, y, nil, { classes = 9 }), (2 / 3 + 1 + 0.5) / 3, 1e-9)
  t.near(value("f1_macro", guess, y, { over = "all" }, { classes = 4 }), (2 / 3 + 1 + 0.5) / 4, 1e-9)
  t.near(value("f1_samples", guess, y), 3 / 5, 1e-9)
  t.near(value("f1_micro", { y = long { 0, 2, 1, 2, 1 } }, y), value("top1", { y = long { 0, 2, 1, 2, 1 } }, y), 1e-9)
  -- numbers that grow from batch to batch
  local grows = metric "f1_macro"
  for i = 0, 4 do grows:add({ y = guess.y[{ { i, i + 1 } }] }, { y = y[{ { i, i + 1 } }] }) end
  t.near(grows:value(), (2 / 3 + 1 + 0.5) / 3, 1e-9)
end)

t.test("nothing right is 0, nothing counted is nan", function()
  local none = { y = long { 0 }, set = torch.zeros(1, 3):gt(0) }
  for _, name in ipairs { "f1_micro", "f1_macro", "f1_samples" } do
    t.eq(value(name, none, long { { -1, -1 } }), 0)
    t.eq(value(name, none, long { { 1, 2 } }), 0)
    local empty = metric(name):value()
    t.ok(empty ~= empty)
  end
  t.raises(function() schema.find "metric.f1" { average = "weighted" } end, "average")
end)

t.test("a path is correct where all of it leads to the label", function()
  -- 1 cat > 2 british, 3 dog
  local tokens = long { { 1, 2, 0 }, { 1, 2, 0 }, { 3, 0, 0 }, { 0, 0, 0 } }
  local prediction = { y = long { 2, 1, 3, -1 }, tokens = tokens, valid = long({ 1, 1, 1, 0 }):gt(0) }
  t.near(value("path_correct", prediction, long { 2, 1, 3, 3 }), 0.5, 0)
  t.near(value("top1", prediction, long { 2, 1, 3, 3 }), 0.75, 0)
  t.near(value("path_correct", prediction, long { { 1, 2 }, { 1, -1 }, { 2, 3 }, { 2, 3 } }), 0.5, 0)
  t.raises(function() value("path_correct", { y = tokens }, tokens) end, "path_correct: the model decodes no paths")
end)
