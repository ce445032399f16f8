--- nn.utils, under PyTorch's names.
local parametrize = require "nn.parametrize"
local sequences = require "nn.sequences"
local stateless = require "nn.stateless"

local utils = { rnn = sequences, parametrize = parametrize, parametrizations = parametrize.provided,
  stateless = stateless }
for _, part in ipairs { "nn.gradients", "nn.fuse" } do
  for name, f in pairs(require(part)) do utils[name] = f end
end
local norms = require "nn.weight_norm"
for _, name in ipairs { "weight_norm", "remove_weight_norm", "spectral_norm", "remove_spectral_norm" } do
  utils[name] = norms[name]
end

return utils
