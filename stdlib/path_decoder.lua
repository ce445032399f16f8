local encoder = require "encoder"
local host_label = require "host.label"
local imprint = require "graph.imprint"
local nn = require "nn"
local rng = require "host.rng"
local schema = require "schema"

local PathModel = {}
PathModel.__index = PathModel

function PathModel:features(batch) return encoder.features(self.module.encoder, batch) end

--- The encoder's trained parameters, and the decoder's: two lists.
function PathModel:parameters() return encoder.trained(self.module.encoder), self.module.decoder:parameters() end

function PathModel:train() self.module:train() end
function PathModel:eval() self.module:eval() end

--- The random streams it draws from besides the default one, by name; checkpoints keep them.
function PathModel:streams() return { decode = self.generator } end

--- A term of the loss: path.nll and path.reinforce take decoder, features, the samples' tokens and the random stream of
-- decoding; a function of one's own the outputs and the batch.
function PathModel:term(made, kind)
  if kind == "loss.term" then
    return function(state) return made({ features = state.features, decoder = self.module.decoder }, state.batch) end
  end
  if not kind:match "^path%." then
    error(("%s needs a head; a path_decoder learns from path.nll and path.reinforce"):format(schema.title(kind)), 0)
  end
  local name = kind:match "[^.]+$"
  self.path_terms[name] = self.path_terms[name] == nil and made -- false: there are several, which go alone
  return function(state)
    if self.path_terms.nll and self.path_terms.reinforce then return self:walk_both(state, name) end
    local batch = state.batch
    return made(self.module.decoder, state.features, batch.targets or batch.y, self.generator, batch.weights)
  end
end

-- One walk gives L_d and L_nd of a batch: the first that is asked for computes both.
function PathModel:walk_both(state, name)
  local walked = self.walked
  if not (walked and rawequal(walked.features, state.features) and walked[name]) then
    local options = self.path_terms.nll.options
    local reinforce = self.path_terms.reinforce.options
    options.generator, options.weights, reinforce.weights = self.generator, state.batch.weights, state.batch.weights
    walked = { features = state.features }
    walked.nll, walked.reinforce = self.module.decoder:losses(state.features, state.batch.targets or state.batch.y,
      options, reinforce)
    self.walked = walked
  end
  local value = walked[name]
  walked[name] = nil
  if not (walked.nll or walked.reinforce) then self.walked = nil end
  return value
end

-- Probabilities [B, K] of the evaluated classes as [B, N] over all numbers of classes (the graph's tokens).
local function spread(self, values)
  local rows = torch.zeros(values:size(0), self.numbers, { dtype = values.dtype, device = values.device })
  return rows:index_copy_(1, self.class_nodes:to(values.device), values)
end

-- What a prediction has on demand: paths with their kinds, and where sets were predicted the greedy path as well.
local derived = {}

function derived.kinds(_, self, prediction)
  local kinds = {}
  for i, path in ipairs(self.module.decoder:paths(prediction.tokens)) do kinds[i] = path.kind or "none" end
  return kinds
end

function derived.nondeterministic(_, _, prediction)
  local flags = {}
  for i, kind in ipairs(prediction.kinds) do flags[i] = kind == "nondet" end
  return torch.tensor(flags, { device = prediction.tokens.device })
end

function derived.tokens(features, self)
  return (torch.no_grad(function() return self.module.decoder:greedy(features) end))
end

function derived.valid(_, self, prediction)
  return self.module.decoder:classes(prediction.tokens, self.classes):ge(0)
end

local function with_derived(self, features, prediction)
  return setmetatable(prediction, { __index = function(_, key)
    if not derived[key] then return nil end
    local value = derived[key](features, self, prediction)
    rawset(prediction, key, value)
    return value
  end })
end

-- The classes whose likeliest path is likely enough, and the likeliest of them all.
local function predict_set(self, features)
  local p = self.module.decoder:class_log_prob(features, self.classes):exp()
  local probability = spread(self, p)
  return { y = self.class_nodes:to(p.device):index_select(0, p:argmax(1)), probability = probability,
           set = spread(self, p:ge(self.module.threshold):to(p.dtype)):gt(0), classes = self.class_nodes }
end

-- The likeliest of all paths to the evaluated classes.
local function predict_class(self, features)
  local tokens, log_p, class_log_p = self.module.decoder:likeliest(features, self.classes)
  local class = class_log_p:argmax(1)
  return { y = self.class_nodes:to(class.device):index_select(0, class), tokens = tokens, log_p = log_p,
           scores = spread(self, class_log_p:softmax(1)), classes = self.class_nodes }
end

local function predict_path(self, features)
  local decoder = self.module.decoder
  local tokens, log_p
  if self.decode == "beam" then
    tokens, log_p = decoder:beam(features, self.beam_width)
  else
    tokens, log_p = decoder:greedy(features)
  end
  local class = decoder:classes(tokens, self.classes)
  local valid = class:ge(0)
  local nodes = self.class_nodes:to(class.device):index_select(0, class:clamp_min(0))
  return { y = torch.where(valid, nodes, class), valid = valid, tokens = tokens, log_p = log_p,
    classes = self.class_nodes }
end

local predictions = { greedy = predict_path, beam = predict_path, class = predict_class, path_set = predict_set }

--- Predictions for a batch, as `decode` says: along the likeliest path, greedy or by a beam; the class that has the
-- likeliest of all paths to the evaluated ones; or the set of classes whose paths are likely enough. All have
--   y long[B]: the token (as a join gives them) of the last label of the evaluated dataset on the path, -1 for none;
--     of a set the likeliest class;
--   tokens [B, L], valid [B], kinds (of every path) and nondeterministic [B]: the decoded path.
-- A path has log_p [B] too, a class also scores [B, N] over the tokens (probabilities of the classes' likeliest paths,
-- of which only the evaluated classes' are not 0), a set `set` bool[B, N] and probability [B, N].
function PathModel:predict(batch)
  local features = self:features(batch)
  return with_derived(self, features, predictions[self.decode](self, features))
end

--- The decoded paths of a prediction: { { path = names, kind = "det", "nondet" or nil }, ... }
function PathModel:paths(prediction) return self.module.decoder:paths(prediction.tokens) end

--- The decoded path of one sample of a prediction: { names, deterministic }.
function PathModel:path(prediction, index)
  local decoded = self.module.decoder:paths(prediction.tokens[{ { index, index + 1 } }])[1]
  return { names = decoded.path, deterministic = decoded.kind == "det" }
end

--- Every choice on the greedy path of each sample: lists of { node, choices = { { node, block, p, taken }, ... } }.
function PathModel:decisions(batch)
  return torch.no_grad(function() return self.module.decoder:decisions(self:features(batch)) end)
end

--- The probability from which on a class is in a predicted set; kept with the weights.
function PathModel:set_threshold(value) self.module.threshold:fill_(value) end

--- From here on predictions are classes of the dataset that a split belongs to: "pets.test", or "test" of the only one.
function PathModel:evaluate_on(split)
  local part, nodes = self.data:evaluated(split)
  if self.part == part then return end
  self.part, self.classes = part, part.class_names
  self.class_nodes = keep(torch.tensor(nodes, { dtype = "int64" }))
end

-- Weights say which graph they were trained on; those of another graph are refused before anything is loaded.
local function remember(decoder, graph)
  decoder:register_buffer("label_graph", imprint.of(graph))
  decoder:register_load_state_dict_pre_hook(function(module, state, prefix)
    local key = prefix .. "label_graph"
    state[key] = state[key] or module.label_graph -- weights written before they said so
    local difference = imprint.difference(module.label_graph, state[key])
    if difference then
      error(("path_decoder: these weights belong to the decoder of another label graph than '%s': %s"):format(
        graph:root(), difference), 0)
    end
  end)
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
  { "normalizer", "one of group|children", "group",
    "a softmax over the whole block, or over the node's children in it" },
  { "end_rule", "one of leaf|gate", "leaf",
    "paths end at nodes without children, or (gate) a label with children may end them too; samples of coarse labels "
    .. "then teach to stop there, so ask for finer ones with eval.decode = \"class\"" },
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
    features = encoder.width(module.encoder), hidden = o.hidden, embed = o.embed, cell = o.cell,
    feed_feature = o.feed_feature,
    normalizer = o.normalizer, end_rule = o.end_rule, limit = o.limit })
  remember(module.decoder, graph)
  local decoding = context.decoding or {}
  if decoding.decode == "path_set" then module:register_buffer("threshold", torch.tensor(decoding.threshold)) end
  local self = setmetatable({
    module = module, head_names = {}, path_terms = {}, graph = graph, data = data, numbers = graph:size() + 1,
    decode = decoding.decode or "greedy", beam_width = decoding.beam_width,
    generator = rng.stream(context.seed, "decode"),
  }, PathModel)
  self:evaluate_on(context.evaluated or "test")
  return self
end)
