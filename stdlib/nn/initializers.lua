--- Initialisers in place, as torch.nn.init: nn.init.kaiming_uniform_(w), nn.init.zeros_(b). Each returns its tensor.
local host = require "host.initializers"

local init = {}
for name, f in pairs(host) do
  init[name .. "_"] = function(tensor, ...)
    f(tensor, ...)
    return tensor
  end
end
return init
