--- What a model's encoder takes, and how it is given: images as they are, texts as tokens with their mask.
local host = require "host.module"

local encoder = {}

local INPUT = " input" -- no name of a parameter or child has a blank

--- Tells how texts become the encoder's tokens.
-- @param input { tokenizer, max_length, identity }; with an identity (a text that tells the encoder from all others)
--   the encoder is frozen, and its features are computed once
function encoder.takes(module, input)
  host.fields(module)[INPUT] = input
  return module
end

--- What `takes` was told; {} for images.
function encoder.input(module) return host.fields(module)[INPUT] or {} end

--- Options of a loader for this encoder: how texts become tokens, or the features of a frozen one in their place.
function encoder.loading(module, options)
  local input = encoder.input(module)
  options.tokenizer, options.max_length = input.tokenizer, input.max_length
  if input.identity then
    options.features = function(set, normalise)
      return require "feature_cache".features(module, set, normalise, options.device)
    end
  end
  return options
end

--- batch -> features [B, F]
function encoder.features(module, batch)
  if batch.mask then return module(batch.x, batch.mask) end
  if encoder.input(module).identity and batch.x.ndim == 2 then return batch.x end -- computed before (encoder.loading)
  return module(batch.x)
end

--- How many features it gives; a network of the host may have a part that is called `features`.
function encoder.width(module) return module.feature_count or module.features end

--- The parameters that are trained: what is frozen is left out.
function encoder.trained(module)
  local list = {}
  for _, parameter in ipairs(module:parameters()) do
    if parameter.requires_grad then list[#list + 1] = parameter end
  end
  return list
end

--- The training texts of the data of an experiment, for a builder's context: a list of host datasets.
-- Errors: no data, or images.
function encoder.texts(context, kind)
  local data = context and context.data
  if not data then error(kind .. ": its words come from the training texts: build it as part of an experiment", 0) end
  local sets = {}
  for _, part in ipairs(data.parts or { data }) do
    if not part.sets.train:is_text() then
      error(("%s takes texts, but '%s' holds images"):format(kind, part.name), 0)
    end
    sets[#sets + 1] = part.sets.train
  end
  return sets
end

--- Refuses an encoder of images for texts and the reverse.
function encoder.check(module, data)
  local takes_texts = encoder.input(module).tokenizer ~= nil
  for _, part in ipairs(data.parts or { data }) do
    if part.sets.train:is_text() ~= takes_texts then
      error(("'%s' holds %s, but the encoder takes %s"):format(part.name, takes_texts and "images" or "texts",
        takes_texts and "texts" or "images"), 0)
    end
  end
end

return encoder
