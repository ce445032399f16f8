--- A tensor as a trained parameter: a leaf that requires a gradient (unless false is given). Assigning it to a module
-- registers it, also where it requires none.
-- @usage local w = nn.Parameter(torch.zeros(3))
local host = require "host.module"

return function(tensor, requires_grad)
  if type(requires_grad) == "table" then requires_grad = requires_grad.requires_grad end
  local leaf = tensor:detach()
  leaf.requires_grad = requires_grad ~= false
  return host.mark_parameter(leaf)
end
