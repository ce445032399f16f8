local encoder = require "encoder"
local schema = require "schema"
local order = require "language.order"
local nn = require "nn"

local Trunk = {}
Trunk.__index = Trunk

--- A batch of images or texts -> features [B, F]
function Trunk:features(batch) return encoder.features(self.module.encoder, batch) end

--- The trained parameters below the heads, and those of the heads: two lists.
function Trunk:parameters()
  local heads = {}
  for _, entry in ipairs(self.heads) do
    for _, parameter in ipairs(entry.head.module:parameters()) do heads[#heads + 1] = parameter end
  end
  return encoder.trained(self.module.encoder), heads
end

function Trunk:train() self.module:train() end
function Trunk:eval() self.module:eval() end

-- What a head answers, with the outputs it answers from.
local function predicted(head, features)
  local outputs = head:forward(features)
  local prediction = head:predict(outputs)
  prediction.outputs = outputs
  return prediction
end

--- One head: its prediction { y, scores, ..., outputs }. Several: { heads = { name = prediction }, y = of the first }.
function Trunk:predict(batch)
  local features = self:features(batch)
  if #self.head_names == 0 then return predicted(self.heads[1].head, features) end
  local prediction = { heads = {} }
  for _, entry in ipairs(self.heads) do prediction.heads[entry.name] = predicted(entry.head, features) end
  prediction.y = prediction.heads[self.heads[1].name].y
  return prediction
end

--- From here on heads that tell the datasets of a join apart answer with the classes of the one that a split belongs
-- to.
function Trunk:evaluate_on(split)
  if not self.data or not self.data.evaluated then return end
  for _, entry in ipairs(self.heads) do
    if entry.head.evaluate then entry.head:evaluate((select(2, self.data:evaluated(split)))) end
  end
end

--- Told before each epoch of training: state has epoch (from 1) and epochs. Heads that keep something by epoch listen.
function Trunk:begin_epoch(state)
  for _, entry in ipairs(self.heads) do
    if entry.head.begin_epoch then entry.head:begin_epoch(state) end
  end
end

--- The probability from which on a class is in a predicted set.
function Trunk:set_threshold(value)
  for _, entry in ipairs(self.heads) do
    if entry.head.set_threshold then entry.head:set_threshold(value) end
  end
end

--- The head of this name, or nil.
function Trunk:head(name)
  for _, entry in ipairs(self.heads) do
    if entry.name == name then return entry.head end
  end
end

-- The only head's logits, computed once a step.
local function logits_of(self, state)
  if #self.head_names > 0 then
    error("the model has several heads: its loss is a mixture { main = ..., name = weight, ... }", 0)
  end
  state.outputs = state.outputs or { features = state.features, logits = self.heads[1].head:forward(state.features) }
  return state.outputs.logits
end

-- The loss is a weighted mean where samples have weights (of their dataset in a join); times the mean weight it is the
-- mean of each sample's loss times its weight, so that a batch of one dataset feels its weight as well.
local function head_loss(self, state, criterion)
  local total
  for _, term in ipairs(self.heads[1].head:losses(logits_of(self, state), state.batch, criterion)) do
    total = total and total + term.value or term.value
  end
  return state.batch.w and total * state.batch.w:mean() or total
end

--- What a single head minimises where the experiment names no loss: { name, weight, of = function(state) }.
function Trunk:default_terms()
  if #self.head_names > 0 then
    error("several heads need loss = mixture { main = ..., name = weight, ... }", 0)
  end
  local head = self.heads[1].head
  if not head.names then
    return { { name = head.loss, weight = 1, of = function(state) return head_loss(self, state) end } }
  end
  local list = {} -- a head of several terms, computed at once: each is told of in the log
  for i, name in ipairs(head.names) do
    list[i] = { name = name, weight = 1, of = function(state)
      local logits = logits_of(self, state)
      state.outputs.terms = state.outputs.terms or head:losses(logits, state.batch)
      local value = state.outputs.terms[i].value
      return state.batch.w and value * state.batch.w:mean() or value
    end }
  end
  return list
end

--- A term of the loss for this model: of(state) -> scalar tensor. A loss takes the head's logits and its targets, a
-- function of one's own the outputs and the batch.
function Trunk:term(made, kind)
  if kind == "loss.term" then
    return function(state)
      logits_of(self, state)
      return made(state.outputs, state.batch)
    end
  end
  if not kind:match "^loss%." then error(kind .. " needs a path_decoder as model", 0) end
  return function(state) return head_loss(self, state, made) end
end

--- An encoder with one head (`head = ...`) or several side by side (`heads = { name = ... }`): the features of a sample
-- are computed once and every head reads them.
-- @usage trunk { vision.cnn {}, heads = { onehot = head.softmax {}, binary = head.binary { bits = 256 } } }
return schema.declare("trunk", {
  { "encoder", "node vision|text", schema.required, "what turns a sample into features", at = 1 },
  { "head", "node head", schema.optional, "the only head" },
  { "heads", "map of node head", schema.optional, "several heads by name, in the order written" },
}, function(o, context)
  local module = nn.Module {}
  module.encoder = schema.build(o.encoder, context)
  local inner = setmetatable({ features = encoder.width(module.encoder) }, { __index = context })
  local self = setmetatable({ module = module, heads = {}, head_names = {}, data = context.data }, Trunk)
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
end, {
  check = function(o)
    if (o.head == nil) == (o.heads == nil) then
      return "give either head = ... or heads = { name = ... }", o.head and "heads" or nil
    end
    if o.heads and #order.keys(o.heads) == 0 then return "heads names no head: heads = { name = head.softmax {} }", "heads" end
  end,
})
