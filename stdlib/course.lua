--- Metrics of a whole training rather than of one evaluation: best, auac, time_to, error_reduction. Their constructors
-- build an object with
--
--     metric         the metric they are about, a name or a node
--     mode           "max" or "min", nil: what the metric's name says
--     stem           what its first key begins with, where it compares with another run (row_references.lua)
--     after          true: it is about the value after training alone, on the splits of eval.on
--     read(self, course) -> list of { name, value, hint }
--
-- where course = { name of the metric, mode, curve (learning_curve), final = its value after training,
-- reference = function(changes) -> { curve, final } or nil and a hint }. A value that cannot be told is nan, and the
-- hint says why.
local learning_curve = require "learning_curve"
local schema = require "schema"

local course = {}

--- Is this entry of eval.metrics about a whole training? It is where its constructor has the field `metric`.
function course.is(entry) return schema.is_node(entry) and entry.declaration.spec.by_name.metric ~= nil end

--- The constructor's field of the metric.
course.metric_field = { "metric", "string or node metric", schema.required,
                        "what is measured after each epoch, such as \"top1\" or \"onehot.top1\"", at = 1 }
course.mode_field = { "mode", "one of max|min", schema.optional,
                      "whether larger or smaller is better; min for error and ece where absent" }

--- What a constructor's check says of a metric of a metric of a training, or nil.
function course.check(o)
  if course.is(o.metric) then return "it takes a metric of one evaluation, such as \"top1\"", "metric" end
end

--- An object's values for one curve.
-- @param key "[split.][head.]name" of the metric; the names of the values take the place of its last part
-- @param given { curve, final, reference }
-- @return list of { key, value }, list of { key, why it has no value }
function course.read(object, key, given)
  local prefix, name = key:match "^(.*%.)([^.]+)$"
  if not prefix then prefix, name = "", key end
  local pairs_list, hints = {}, {}
  for i, found in ipairs(object:read {
    name = name, mode = object.mode or learning_curve.mode_of(name), curve = given.curve, final = given.final,
    reference = given.reference,
  }) do
    pairs_list[i] = { prefix .. found[1], found[2] }
    if found[3] then hints[#hints + 1] = { prefix .. found[1], found[3] } end
  end
  return pairs_list, hints
end

--- Adds what eval.metrics says of the whole training to what is known after it.
-- @param entries list of { key = "[head.]name", metric = object } (evaluate.metrics)
-- @param during splits whose curves there are
-- @param after splits evaluated after training
-- @param records what was evaluated during training, as a run has it
-- @param final list of { key, value } of the last evaluation; the values are appended
-- @param reference function(changes, key) -> { curve, final } or nil and a hint; nil where no runs are known
-- @return list of lines: what could not be told, and why
function course.finish(entries, during, after, records, final, reference)
  local last, hints = {}, {}
  for _, pair in ipairs(final) do last[pair[1]] = pair[2] end
  for _, entry in ipairs(entries) do
    for _, split in ipairs(entry.metric.after and after or during) do
      local key = split .. "." .. entry.key
      local values, more = course.read(entry.metric, key, {
        curve = learning_curve.of_records(records, key), final = last[key],
        reference = function(changes) if reference then return reference(changes, key) end end,
      })
      for _, pair in ipairs(values) do final[#final + 1] = pair end
      for _, hint in ipairs(more) do hints[#hints + 1] = hint end
    end
  end
  return course.lines(hints)
end

--- Hints as lines, those that say the same in one: "test.time_to: no such run". list of { key, text }.
function course.lines(hints)
  local lines, place = {}, {}
  for _, hint in ipairs(hints) do
    local key, text = hint[1], hint[2]
    if not place[text] then
      lines[#lines + 1] = { keys = {}, text = text }
      place[text] = lines[#lines]
    end
    table.insert(place[text].keys, key)
  end
  for i, line in ipairs(lines) do lines[i] = ("%s: %s"):format(table.concat(line.keys, ", "), line.text) end
  return lines
end

return course
