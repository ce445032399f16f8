--- Embedding and EmbeddingBag with a table of one's own: _weight, and from_pretrained(weight, {freeze=true, ...}).
local host = require "host.module"

local function callable(name, constructor, from_pretrained)
  return setmetatable({ name = name, from_pretrained = from_pretrained }, { __call = function(_, ...) return constructor(...) end })
end

local function make(name)
  return function(...)
    local n, given = select("#", ...), { ... }
    local options = given[n]
    local keywords = type(options) == "table" and #options == 0
    local weight = keywords and options._weight
    local freeze = keywords and options._freeze
    if keywords and (weight or freeze ~= nil) then
      local rest = {}
      for key, value in pairs(options) do rest[key] = value end
      rest._weight, rest._freeze = nil, nil
      given[n] = rest
    end
    local module = host.make(name, unpack(given, 1, n))
    if weight then
      local shape = module.weight.shape
      if weight.ndim ~= 2 or weight:size(0) ~= shape[1] or weight:size(1) ~= shape[2] then
        error(("%s: _weight %s does not match num_embeddings and embedding_dim %s"):format(name, tostring(weight.shape), tostring(shape)), 0)
      end
      module.weight = require("nn.parameter")(weight)
    end
    if freeze then module.weight.requires_grad = false end
    return module
  end
end

local function pretrained(name)
  return function(weight, options)
    if weight.ndim ~= 2 then error(name .. ".from_pretrained: the weight must be 2-dimensional", 0) end
    local given = {}
    for key, value in pairs(options or {}) do given[key] = value end
    local freeze = given.freeze ~= false
    given.freeze = nil
    given._weight = weight
    local module = make(name)(weight:size(0), weight:size(1), given)
    module.weight.requires_grad = not freeze
    return module
  end
end

return {
  Embedding = callable("Embedding", make "Embedding", pretrained "Embedding"),
  EmbeddingBag = callable("EmbeddingBag", make "EmbeddingBag", pretrained "EmbeddingBag"),
}
