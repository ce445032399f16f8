--- Encoders of the BERT family from a folder as Hugging Face's models come: config.json, weights, tokenizer.
local encoder = require "encoder"
local feature_cache = require "feature_cache"
local host_text = require "host.text"
local make = require("host.module").make
require "nn" -- the methods of modules
local system = require "host.system"

local pretrained = {}

-- What a config.json calls the sizes, and what the module does.
local SIZES = { vocab_size = "vocabulary", hidden_size = "width", num_hidden_layers = "layers",
                num_attention_heads = "heads", intermediate_size = "inner", max_position_embeddings = "positions",
                type_vocab_size = "types", layer_norm_eps = "eps", hidden_act = "activation" }

local WEIGHTS = { "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin" }

-- Refuses what has the same file names but is computed otherwise.
local function check_config(config, file)
  if config.model_type and config.model_type ~= "bert" then
    error(("%s: a model of type '%s' is not known (bert)"):format(file, tostring(config.model_type)), 0)
  end
  local positions = config.position_embedding_type
  if positions and positions ~= "absolute" then
    error(("%s: position embeddings of type '%s' are not known (absolute)"):format(file, tostring(positions)), 0)
  end
  for name in pairs(SIZES) do
    if config[name] == nil then error(("%s: '%s' is missing"):format(file, name), 0) end
  end
end

local FIRST = "embeddings.word_embeddings.weight"

-- The encoder's own tensors under their present names: without what stands before all of them (bert., 0.auto_model.,
-- module.bert.), without a task's heads, without what old files hold besides.
local function encoder_tensors(tensors, with_pooler, file)
  local prefix
  for name in pairs(tensors) do
    if name:sub(-#FIRST) == FIRST and (not prefix or #name - #FIRST < #prefix) then
      prefix = name:sub(1, -#FIRST - 1)
    end
  end
  if not prefix then
    local kind = require "recognised_weights"(tensors)
    error(("%s: has no tensor '%s': no weights of BERT's kind%s"):format(file, FIRST,
      kind and (" (these are weights of %s)"):format(kind) or ""), 0)
  end
  local own = {}
  for name, tensor in pairs(tensors) do
    local inside = name:sub(1, #prefix) == prefix and name:sub(#prefix + 1)
    if inside then
      inside = inside:gsub("LayerNorm%.gamma$", "LayerNorm.weight"):gsub("LayerNorm%.beta$", "LayerNorm.bias")
      local kept = inside:match "^embeddings%." or inside:match "^encoder%." or with_pooler and inside:match "^pooler%."
      if kept and inside ~= "embeddings.position_ids" then own[inside] = tensor end
    end
  end
  return own
end

local function weights_file(folder)
  for _, name in ipairs(WEIGHTS) do
    if system.stat(folder .. "/" .. name) then return folder .. "/" .. name end
  end
  error(("no weights in %s (%s)"):format(folder, table.concat(WEIGHTS, ", ")), 0)
end

local function load(module, file, with_pooler)
  local tensors
  if file:match "%.bin$" then tensors = torch.load(file) else tensors = require "safetensors".load_file(file) end
  local own = encoder_tensors(tensors, with_pooler, file)
  local done, message = pcall(module.load_state_dict, module, own)
  if not done then error(("%s: %s"):format(file, (tostring(message):gsub("^[^\n:]+%.lua:%d+: ", ""))), 0) end
end

--- The fields that all of them have.
function pretrained.fields(defaults)
  return {
    { "pool", "one of pooler|first|mean|max", defaults.pool, "how the states of a text become one vector" },
    { "normalize", "boolean", defaults.normalize, "vectors of length 1" },
    { "freeze", "boolean", false, "weights stay what they are; a text's features are computed once" },
    { "max_length", "integer > 2", defaults.max_length, "tokens of a text that are read, special ones included" },
  }
end

--- Builds the encoder of a folder.
-- @param o { pool, normalize, freeze, max_length, pretrained (default true), dropout or nil: the configuration's }
function pretrained.build(o, folder)
  local file = folder .. "/config.json"
  local config = host_text.read_config(file)
  check_config(config, file)
  local options = { pool = o.pool, normalize = o.normalize, freeze = o.freeze,
                    dropout = o.dropout or config.hidden_dropout_prob or 0.1 }
  for theirs, ours in pairs(SIZES) do options[ours] = config[theirs] end
  local tokenizer = host_text.read_tokenizer(folder)
  if tokenizer:size() > options.vocabulary then
    error(("%s: %d tokens, but the model has %d"):format(folder, tokenizer:size(), options.vocabulary), 0)
  end
  if o.max_length > options.positions then
    error(("max_length = %d, but %s has %d positions"):format(o.max_length, file, options.positions), 0)
  end
  local module = make("Bert", options)
  local identity
  if o.pretrained ~= false then
    local weights = weights_file(folder)
    load(module, weights, o.pool == "pooler")
    identity = o.freeze and feature_cache.identity(weights, "Bert", options) or nil
  end
  return encoder.takes(module, { tokenizer = tokenizer, max_length = o.max_length, identity = identity })
end

--- Vectors of texts, [n, F], in evaluation mode and without gradient. Long texts first, so that batches hold little
-- padding.
function pretrained.encode(module, texts)
  local input = encoder.input(module)
  local order = {}
  for i in ipairs(texts) do order[i] = i end
  table.sort(order, function(a, b)
    if #texts[a] ~= #texts[b] then return #texts[a] > #texts[b] end
    return a < b
  end)
  local training = module.training
  module:eval()
  local result = torch.no_grad(function()
    local parts, place = {}, {}
    for from = 1, #texts, 64 do
      local batch = {}
      for i = from, math.min(#texts, from + 63) do
        batch[#batch + 1] = texts[order[i]]
        place[order[i]] = i - 1
      end
      parts[#parts + 1] = module(input.tokenizer:batch(batch, input.max_length))
    end
    return torch.cat(parts):index_select(0, torch.tensor(place, { dtype = "int64" }))
  end)
  module:train(training)
  return result
end

--- The method `encode` of these constructors: g:encode { "text", ... } is a node that builds to float [n, F].
pretrained.methods = {
  encode = {
    { { "texts", "list of string", require "schema".required, "what is encoded", at = 1 } },
    function(o, context)
      return pretrained.encode(require "schema".build(o.of, context), o.texts)
    end,
    "Vectors of texts, float [n, F].",
  },
}

return pretrained
