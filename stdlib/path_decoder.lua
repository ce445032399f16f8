local host_label = require "host.label"
local nn = require "nn"
local rng = require "host.rng"
local schema = require "schema"

local PathModel = {}
PathModel.__index = PathModel

function PathModel:features(batch) return self.module.encoder(batch.x) end

--- The encoder's parameters, and the decoder's: two lists.
function PathModel:parameters() return self.module.encoder:parameters(), self.module.decoder:parameters() end

function PathModel:train() self.module:train() end
function PathModel:eval() self.module:eval() end

--- A term of the loss: path.nll and path.reinforce take decoder, features, the samples' tokens and the random stream of
-- decoding; a function of one's own the outputs and the batch.
function PathModel:term(made, kind)
  if kind == "loss.term" then
    return function(state) return made({ features = state.features, decoder = self.module.decoder }, state.batch) end
  end
  if not kind:match "^path%." then
    error(("%s needs a head; a path_decoder learns from path.nll and path.reinforce"):format(schema.title(kind)), 0)
  end
  return function(state)
    return made(self.module.decoder, state.features, state.batch.targets or state.batch.y, self.generator)
  end
end

--- Greedy decoding. y [B]: the token (as a join gives them) of the last label of the evaluated dataset on the path, -1
-- where there is none; valid [B]; tokens [B, L]; kinds (of every path) and nondeterministic [B] when asked for.
function PathModel:predict(batch)
  local decoder = self.module.decoder
  local tokens, log_p = decoder:greedy(self:features(batch))
  local class = decoder:classes(tokens, self.classes)
  local valid = class:ge(0)
  local nodes = self.class_nodes:to(class.device):index_select(0, class:clamp_min(0))
  local prediction = { y = torch.where(valid, nodes, class), valid = valid, tokens = tokens, log_p = log_p }
  return setmetatable(prediction, { __index = function(_, key)
    if key == "kinds" then
      local kinds = {}
      for i, path in ipairs(decoder:paths(tokens)) do kinds[i] = path.kind or "none" end
      rawset(prediction, key, kinds)
      return kinds
    elseif key == "nondeterministic" then
      local flags = {}
      for i, kind in ipairs(prediction.kinds) do flags[i] = kind == "nondet" end
      rawset(prediction, key, torch.tensor(flags, { device = tokens.device }))
      return prediction.nondeterministic
    end
  end })
end

--- The decoded path of one sample of a prediction: { names, deterministic }.
function PathModel:path(prediction, index)
  local decoded = self.module.decoder:paths(prediction.tokens[{ { index, index + 1 } }])[1]
  return { names = decoded.path, deterministic = decoded.kind == "det" }
end

-- The dataset whose classes count in an evaluation: the one named ("pets.test"), else the one that has the split.
local function evaluated(data, on)
  local own, split = on:match "^(.*)%.([^.]*)$"
  for _, part in ipairs(data.parts) do
    if part.name == own or not own and part.sets[split or on] then return part end
  end
  return data.parts[1]
end

--- An encoder and a decoder that walks the label graph of a join from its root, one block softmax a step; a sample's
-- class is the last label of the evaluated dataset on its path (Label-space augmentation for joining datasets).
-- @usage path_decoder { vision.cnn {}, cell = "gru", hidden = 512, embed = 256 }
return schema.declare("path_decoder", {
  { "encoder", "node vision|text", schema.required, "what turns a sample into features", at = 1 },
  { "cell", "one of gru|lstm", "gru", "the recurrent cell" },
  { "hidden", "integer > 0", 512, "width of the cell's state" },
  { "embed", "integer > 0", 256, "width of a node's embedding" },
  { "feed_feature", "boolean", false, "hand the sample's features to every step, not to the first state alone" },
  { "normalizer", "one of group|children", "group", "a softmax over the whole block, or over the node's children in it" },
  { "end_rule", "one of leaf|gate", "leaf", "paths end at nodes without children, or (gate) a label with children may end them too" },
  { "limit", "integer > 0", 100000, "most paths of one label; a graph with more is refused" },
}, function(o, context)
  local data, graph = context.data, context.graph
  if not graph then error("path_decoder: the data have no label graph; write data = join { graph = ..., ... }", 0) end
  for _, part in ipairs(data.parts) do
    for _, name in ipairs(part.class_names) do graph:bind(name) end
  end
  local module = nn.Module {}
  module.encoder = schema.build(o.encoder, context)
  module.decoder = host_label.path_decoder(graph, {
    features = module.encoder.features, hidden = o.hidden, embed = o.embed, cell = o.cell, feed_feature = o.feed_feature,
    normalizer = o.normalizer, end_rule = o.end_rule, limit = o.limit })
  local part = evaluated(data, context.evaluated)
  local nodes = {}
  for i, name in ipairs(part.class_names) do nodes[i] = graph:token(name) end
  return setmetatable({
    module = module, head_names = {}, classes = part.class_names, graph = graph,
    class_nodes = torch.tensor(nodes, { dtype = "int64" }), generator = rng.stream(context.seed, "decode"),
  }, PathModel)
end)
