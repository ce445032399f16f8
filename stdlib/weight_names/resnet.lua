-- What other libraries call the tensors of a residual network. Ours are torchvision's, and timm's.
local weight_names = {}

local LEAF = { conv = "convolution", bn = "normalization" }

local function hugging_face(name)
  local kind, leaf = name:match "^(%a+)1%.(.*)$"
  if kind and LEAF[kind] then return ("embedder.embedder.%s.%s"):format(LEAF[kind], leaf) end
  local stage, place, rest = name:match "^layer(%d+)%.(%d+)%.(.*)$"
  if not stage then return name end
  local base = ("encoder.stages.%d.layers.%s."):format(stage - 1, place)
  local which, after = rest:match "^downsample%.(%d)%.(.*)$"
  if which then return ("%sshortcut.%s.%s"):format(base, which == "0" and "convolution" or "normalization", after) end
  local part, number, last = rest:match "^(%a+)(%d)%.(.*)$"
  return ("%slayer.%d.%s.%s"):format(base, number - 1, LEAF[part], last)
end

--- As weight_names/efficientnet.lua.
function weight_names.of(_, has)
  return has "embedder.embedder.convolution.weight" and hugging_face or nil
end

return weight_names
