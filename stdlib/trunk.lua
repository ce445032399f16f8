local schema = require "schema"
local order = require "language.order"
local nn = require "nn"

local Trunk = {}
Trunk.__index = Trunk

--- images [B, C, H, W] -> features [B, F]
function Trunk:features(batch) return self.module.encoder(batch.x) end

--- The parameters below the heads, and those of the heads: two lists.
function Trunk:parameters()
  local heads = {}
  for _, entry in ipairs(self.heads) do
    for _, parameter in ipairs(entry.head.module:parameters()) do heads[#heads + 1] = parameter end
  end
  return self.module.encoder:parameters(), heads
end

function Trunk:train() self.module:train() end
function Trunk:eval() self.module:eval() end

--- One head: its prediction { y, scores, ... }. Several: { heads = { name = prediction }, y = of the first }.
function Trunk:predict(batch)
  local features = self:features(batch)
  if #self.head_names == 0 then
    local head = self.heads[1].head
    return head:predict(head:forward(features))
  end
  local prediction = { heads = {} }
  for _, entry in ipairs(self.heads) do
    prediction.heads[entry.name] = entry.head:predict(entry.head:forward(features))
  end
  prediction.y = prediction.heads[self.heads[1].name].y
  return prediction
end

--- The head of this name, or nil.
function Trunk:head(name)
  for _, entry in ipairs(self.heads) do
    if entry.name == name then return entry.head end
  end
end

--- An encoder with one head (`head = ...`) or several side by side (`heads = { name = ... }`): the features of a sample
-- are computed once and every head reads them.
-- @usage trunk { vision.cnn {}, heads = { onehot = head.softmax {}, binary = head.binary { bits = 256 } } }
return schema.declare("trunk", {
  { "encoder", "node vision|text", schema.required, "what turns a sample into features", at = 1 },
  { "head", "node head", schema.optional, "the only head" },
  { "heads", "map of node head", schema.optional, "several heads by name, in the order written" },
}, function(o, context)
  if (o.head == nil) == (o.heads == nil) then
    error("trunk: give either head = ... or heads = { name = ... }", 0)
  end
  local module = nn.Module {}
  module.encoder = schema.build(o.encoder, context)
  local inner = setmetatable({ features = module.encoder.features }, { __index = context })
  local self = setmetatable({ module = module, heads = {}, head_names = {} }, Trunk)
  if o.head then
    local head = schema.build(o.head, inner)
    module.head = head.module
    self.heads[1] = { head = head }
  else
    module.heads = nn.Module {}
    for _, name in ipairs(order.keys(o.heads)) do
      local head = schema.build(o.heads[name], inner)
      module.heads[name] = head.module
      self.heads[#self.heads + 1] = { name = name, head = head }
      self.head_names[#self.head_names + 1] = name
    end
  end
  return self
end)
