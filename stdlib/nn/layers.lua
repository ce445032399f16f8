--- The layers of torch.nn that take or keep more than tensors and plain values, by name; the others are the host's.
local host = require "host.module"

local files = { "nn.losses", "nn.attention", "nn.transformer", "nn.adaptive_softmax", "nn.resizing", "nn.embeddings" }
local layers = {}
for _, file in ipairs(files) do
  for name, constructor in pairs(require(file)) do layers[name] = constructor end
end

-- What is no tensor in a call of a layer of the host: sizes go as a tensor of integers, keywords at their places.
local function with_keywords(...)
  local places = { ... }
  return function(module, ...)
    local torch = require "torch"
    local n, given = select("#", ...), { ... }
    local last = given[n]
    if type(last) == "table" and #last == 0 and type((next(last))) == "string" then
      given[n], n = nil, n - 1
      for key, value in pairs(last) do
        local at
        for i, name in ipairs(places) do at = name == key and i or at end
        if not at then error(("%s: has no input '%s'%s"):format(module.kind, key, require("language.nearest").did_you_mean(key, places)), 0) end
        given[at], n = value, math.max(n, at)
      end
    end
    local inputs, m = {}, 0
    for i = 1, n do
      local value = given[i]
      if type(value) == "table" and type(value[1]) == "number" then value = torch.tensor(value, { dtype = "int64" }) end
      if type(value) == "table" and torch.is_tensor(value[1]) then -- a state of several tensors takes as many places
        for _, tensor in ipairs(value) do
          m = m + 1
          inputs[m] = tensor
        end
      elseif value ~= nil and not torch.is_tensor(value) then
        error(("%s: input %d must be a tensor, got a %s"):format(module.kind, i, type(value)), 0)
      else
        m = m + 1
        inputs[m] = value
      end
    end
    return host.run(module, unpack(inputs, 1, m))
  end
end

for n = 1, 3 do host.methods(("ConvTranspose%dd"):format(n)).adapt = with_keywords("input", "output_size") end
host.methods("EmbeddingBag").adapt = with_keywords("input", "offsets", "per_sample_weights")
host.methods("LSTMCell").adapt = with_keywords("input", "hx")
host.methods("GRUCell").adapt = with_keywords("input", "hx")
host.methods("RNNCell").adapt = with_keywords("input", "hx")
host.methods("Bilinear").adapt = with_keywords("input1", "input2")
for _, kind in ipairs { "CosineSimilarity", "PairwiseDistance" } do host.methods(kind).adapt = with_keywords("x1", "x2") end
require "nn.sequences" -- teaches LSTM, GRU and RNN packed sequences and states in a table
for _, kind in ipairs(host.names()) do
  local methods = host.methods(kind)
  if not methods.adapt and not kind:match "^Module" and kind ~= "Sequential" then methods.adapt = with_keywords("input") end
end

return layers
