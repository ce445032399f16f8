--- torch.nested: tensors of several shapes as one, in the strided layout. The jagged layout is a class of PyTorch's Python
-- side and not here.
local torch = require "torch"
local signature = require "torch.signature"
local is_tensor = require("host.tensor").is_tensor
local aten = torch.ops.aten

local nested = {}

local function strided(layout, who)
  if layout and layout ~= "strided" then
    error(("%s: only the layout 'strided' is here, got '%s'"):format(who, tostring(layout)), 0)
  end
end

--- torch.nested.nested_tensor({a, b, ...}, {dtype=, device=, requires_grad=}): copies of the tensors, or nested tables of
-- numbers, as one nested tensor.
-- @usage print(torch.nested.nested_tensor({ torch.ones(2), torch.ones(3) }))
nested.nested_tensor = signature("nested_tensor(tensor_list, *, dtype=nil, layout=nil, device=nil, requires_grad=false, pin_memory=false)",
  function(list, dtype, layout, device, requires_grad)
    strided(layout, "nested_tensor")
    local parts = {}
    for i, item in ipairs(list) do
      parts[i] = is_tensor(item) and item:detach() or torch.tensor(item, { dtype = dtype })
    end
    local x = aten._nested_tensor_from_tensor_list(parts, dtype or torch.None, torch.None, device or torch.None)
    if requires_grad then x.requires_grad = true end
    return x
  end)

--- torch.nested.as_nested_tensor({a, b, ...}, {dtype=, device=}): the same with gradients to the tensors.
-- @usage print(torch.nested.as_nested_tensor({ torch.ones(2), torch.ones(3) }))
nested.as_nested_tensor = signature("as_nested_tensor(ts, dtype=nil, device=nil, layout=nil)", function(list, dtype,
  device, layout)
  strided(layout, "as_nested_tensor")
  if is_tensor(list) then list = list:unbind(0) end
  return aten._nested_tensor_from_tensor_list(list, dtype or torch.None, torch.None, device or torch.None)
end)

--- torch.nested.to_padded_tensor(x, padding, {output_size=}): a tensor of one shape, with padding behind the shorter ones.
-- @usage torch.nested.to_padded_tensor(torch.nested.nested_tensor({ torch.ones(2), torch.ones(3) }), 0)
nested.to_padded_tensor = aten.nested_to_padded_tensor

return nested
