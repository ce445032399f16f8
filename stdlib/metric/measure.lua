local schema = require "schema"
local site = require "language.site"

local Measure = {}
Measure.__index = Measure

function Measure:reset() self.sum, self.count = 0, 0 end

-- A tensor of one number a sample is summed; a number, or a tensor of no dims, counts once for each sample of the batch.
function Measure:add(prediction, batch)
  local value = self.fn(prediction, batch)
  local samples = #batch.y
  if type(value) ~= "number" and not torch.is_tensor(value) then
    error(("%smetric '%s': the function must give a number or a tensor of one number a sample, got a %s"):format(self.place,
      self.name, type(value)), 0)
  end
  if type(value) ~= "number" then
    if value.ndim > 0 and not (value.ndim == 1 and value:size(0) == samples) then
      error(("%smetric '%s': the function must give a number or a tensor of one number a sample (%d here), got shape %s")
        :format(self.place, self.name, samples, tostring(value.shape)), 0)
    end
    local number = value:double():sum():item()
    value = value.ndim == 0 and number * samples or number
  else
    value = value * samples
  end
  self.sum, self.count = self.sum + value, self.count + samples
end

function Measure:value() return self.count > 0 and self.sum / self.count or 0 / 0 end

--- A metric of one's own: the mean over samples of what a function of the prediction and the batch gives, a number a
-- sample (a tensor [B]) or one number for the batch. The prediction has y and what the head adds (scores [B, K],
-- outputs, paths); the batch x, y, idx. A plain function in eval.metrics is a metric called "measure".
-- @usage metric.measure { function(prediction, batch) return prediction.scores:amax(1) end, name = "sureness" }
return schema.declare("metric.measure", {
  { "fn", "function", schema.required, "function(prediction, batch) -> tensor [B] or a number", at = 1 },
  { "name", "string", "measure", "what it is called in metric keys" },
}, function(o, _, node)
  return setmetatable({ fn = o.fn, name = o.name, place = site.prefix(node and node.position) }, Measure)
end, {
  check = function(o)
    if not o.name:match "^[%w_]+$" then return "a name in metric keys has letters, digits and _ only", "name" end
  end,
})
