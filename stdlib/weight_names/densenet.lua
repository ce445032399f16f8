-- What other files call the tensors of a DenseNet. Ours are torchvision's; those of before 2018 have a dot more.
local weight_names = {}

--- As weight_names/efficientnet.lua.
function weight_names.of(_, has)
  if not has "features.denseblock1.denselayer1.norm.1.weight" then return nil end
  return function(name) return (name:gsub("(denselayer%d+%.%a+)(%d)%.", "%1.%2.")) end
end

return weight_names
