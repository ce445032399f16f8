local metric = require "host.metric"
local numbers = require "plot_numbers"
local plotting = require "plotting"
local predictions = require "predictions"
local schema = require "schema"

-- Confidences and whether they were right, from options or a model.
local function given(o, source)
  if o.confidence == nil and o.correct == nil then
    if not source then plotting.without_source("plot.reliability", "give confidence = ... and correct = ...") end
    local found = predictions.of(source:model "plot.reliability", { head = o.head, split = o.split })
    if not found.confidence then error("plot.reliability: this model gives no probabilities", 0) end
    local hits = {}
    for i, class in ipairs(found.y) do hits[i] = class == found.predicted[i] and 1 or 0 end
    return found.confidence, hits, found.split
  end
  if o.confidence == nil or o.correct == nil then error("plot.reliability: give both confidence and correct", 0) end
  local correct = o.correct
  if torch.is_tensor(correct) then correct = correct:to "float64" end
  local confidence, hits = numbers.list(o.confidence, "plot.reliability: confidence"),
                           numbers.list(correct, "plot.reliability: correct")
  if #confidence ~= #hits then
    error(("plot.reliability: %d confidences, %d times correct or not"):format(#confidence, #hits), 0)
  end
  return confidence, hits
end

--- Is a model as sure as it is right? The accuracy of samples by their confidence, beside the line on which both are
-- equal, and below how many samples there are. ECE is the mean distance from that line, MCE the greatest.
-- @usage plot.reliability { confidence = torch.rand(100), correct = torch.rand(100):gt(0.5) }
return plotting.declare("plot.reliability", {
  { "confidence", "any", schema.optional, "probabilities of the predicted classes [N]; a run's where absent" },
  { "correct", "any", schema.optional, "whether each was right [N]" },
  { "bins", "integer > 0", 15, "equally wide bins of confidence" },
  { "head", "string", schema.optional, "which head of several; that of the main metric where absent" },
  { "split", "string", schema.optional, "which data; the first of eval.on where absent" },
}, function(o, source)
  local confidence, hits, split = given(o, source)
  if #confidence == 0 then error("plot.reliability: no samples", 0) end
  local r = metric.reliability(confidence, torch.tensor(hits), o.bins)
  local x, accuracy, share, mean = {}, {}, {}, {}
  for i = 1, o.bins do
    local filled = r.count[i] > 0
    x[i], share[i] = (i - 0.5) / o.bins, r.count[i] / #confidence
    accuracy[i] = filled and r.accuracy[i] or 0 / 0
    mean[i] = filled and r.confidence[i] or 0 / 0
  end
  local unit = { low = 0, high = 1 }
  local axis = { label = "confidence", low = 0, high = 1 }
  return {
    kind = "stack", title = source and source.title .. ": reliability",
    parts = {
      { kind = "xy", subtitle = ("%s%d samples, ECE %.3f, MCE %.3f"):format(split and split .. ", " or "", #confidence,
          r.ece, r.mce), x = axis,
        y = { label = "accuracy (share of the bin that is right)", low = unit.low, high = unit.high },
        series = { { name = "accuracy", mark = "bars", width = 1 / o.bins, x = x, y = accuracy },
                   { name = "mean confidence of the bin", mark = "points", colour = 6, x = x, y = mean } },
        references = { { name = "as sure as right", slope = 1 } } },
      { kind = "xy", height = 220, x = axis, y = { label = "share of samples", low = 0 },
        series = { { mark = "bars", width = 1 / o.bins, colour = 8, x = x, y = share } } },
    },
  }
end, {
  ready = function(o, made)
    if made.model.decisions then return "plot.reliability: a path_decoder gives no probabilities of all classes" end
    local problem = predictions.problem(made, o.head)
    return problem and "plot.reliability: " .. problem
  end,
})
