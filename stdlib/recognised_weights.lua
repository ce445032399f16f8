--- Which network the weights of a file are of, told by their names and shapes: for messages about those that do not
-- fit.

-- Highest number at a place of the names + 1; 0 where there is none. `pattern` captures it.
local function count(tensors, pattern)
  local most = 0
  for name in pairs(tensors) do
    local number = tonumber((name:match(pattern)))
    if number and number + 1 > most then most = number + 1 end
  end
  return most
end

-- How many different pairs of numbers stand there.
local function count_pairs(tensors, pattern)
  local seen, n = {}, 0
  for name in pairs(tensors) do
    local a, b = name:match(pattern)
    local key = a and (a .. "." .. b)
    if key and not seen[key] then seen[key], n = true, n + 1 end
  end
  return n
end

local function any(tensors, ...)
  for name in pairs(tensors) do
    for _, pattern in ipairs { ... } do
      if name:find(pattern) then return true end
    end
  end
  return false
end

-- The shape of the first tensor whose name ends so, with nothing or a dot before it, and is no part of a stage.
local function shape(tensors, ...)
  for _, ending in ipairs { ... } do
    for name, tensor in pairs(tensors) do
      local before = name:sub(-#ending) == ending and name:sub(1, -#ending - 1)
      if before and (before == "" or before:sub(-1) == ".") and not before:find "layer" then return tensor.shape end
    end
  end
  return {}
end

local function efficientnet(tensors)
  local blocks = math.max(count_pairs(tensors, "features%.(%d+)%.(%d+)%.block%."),
    count_pairs(tensors, "blocks%.(%d+)%.(%d+)%.conv_"),
    count(tensors, "_blocks%.(%d+)%."), count(tensors, "encoder%.blocks%.(%d+)%."))
  if blocks == 0 then return nil end
  local squeezes = any(tensors, "%.fc1%.weight$", "%.se%.conv_reduce", "_se_reduce", "squeeze_excite")
  local head = shape(tensors, "_conv_head.weight", "conv_head.weight", "encoder.top_conv.weight",
    "features.8.0.weight")
  local kinds = squeezes and { [16] = "b0", [23] = head[1] == 1408 and "b2" or "b1", [26] = "b3", [32] = "b4", [39] = "b5",
                               [45] = "b6", [55] = "b7" }
    or { [16] = "lite0", [21] = head[2] == 352 and "lite2" or "lite1", [24] = "lite3", [30] = "lite4" }
  if kinds[blocks] then return "vision.efficientnet_" .. kinds[blocks] end
  return ("an EfficientNet of %d blocks"):format(blocks)
end

local function resnet(tensors)
  local stages = {}
  for _, style in ipairs { "layer%d%%.(%%d+)%%.", "encoder%%.stages%%.%d%%.layers%%.(%%d+)%%." } do
    for stage = 1, 4 do
      stages[stage] = count(tensors, style:format(style:find "stages" and stage - 1 or stage))
    end
    if stages[1] > 0 then break end
  end
  if stages[1] == 0 or not any(tensors, "layer1%.0%.conv1", "layers%.0%.layer%.0%.convolution") then return nil end
  local blocks = table.concat(stages, " ")
  local bottleneck = any(tensors, "layer1%.0%.conv3", "layers%.0%.layer%.2%.convolution")
  local kinds = bottleneck and { ["3 4 6 3"] = "vision.resnet50", ["3 4 23 3"] = "vision.resnet101",
                                 ["3 8 36 3"] = "a ResNet-152" }
    or { ["2 2 2 2"] = "vision.resnet18", ["3 4 6 3"] = "vision.resnet34", ["1 1 1 0"] = "vision.resnet8" }
  local kind = kinds[blocks] or ("a ResNet of %s blocks"):format(blocks)
  local width = shape(tensors, "conv1.weight", "embedder.embedder.convolution.weight")[1]
  if not kind:find "^vision" or not width then return kind end
  for name, tensor in pairs(tensors) do -- the first block of torchvision's wide ones is wider than what it reads
    if name:find "layer1%.0%.conv1%.weight$" and tensor.shape[1] ~= width then
      return "a wide " .. kind:match "%.(.*)$"
    end
  end
  if width == (kind == "vision.resnet8" and 128 or 64) then return kind end
  return ("%s { width = %d }"):format(kind, width)
end

local function densenet(tensors)
  local blocks = {}
  for i = 1, 4 do
    local layers = 0
    for name in pairs(tensors) do
      layers = math.max(layers, tonumber((name:match(("denseblock%d%%.denselayer(%%d+)%%."):format(i)))) or 0)
    end
    blocks[i] = layers
  end
  if blocks[1] == 0 then return nil end
  local kinds = { ["6 12 24 16"] = "vision.densenet121", ["6 12 32 32"] = "vision.densenet169",
                  ["6 12 48 32"] = "a DenseNet-201", ["6 12 36 24"] = "a DenseNet-161" }
  local text = table.concat(blocks, " ")
  return kinds[text] or ("a DenseNet of %s layers"):format(text)
end

local function transformer(tensors)
  if any(tensors, "word_embeddings%.weight$") then
    local layers = count(tensors, "encoder%.layer%.(%d+)%.attention")
    return ("an encoder of texts, BERT's kind, with %d layers"):format(layers)
  end
  if not any(tensors, "cls_token$", "class_token$") then return nil end
  local layers = math.max(count(tensors, "encoder_layer_(%d+)%."), count(tensors, "blocks%.(%d+)%."),
    count(tensors, "encoder%.layer%.(%d+)%."), count(tensors, "^layers%.(%d+)%."))
  for name, tensor in pairs(tensors) do
    if name:find "cls_token$" or name:find "class_token$" then
      return ("vision.vit { layers = %d, width = %d }"):format(layers, tensor.shape[#tensor.shape])
    end
  end
end

--- @param tensors { name = tensor }
-- @return "vision.resnet18", "a ResNet-152", ..., or nil where nothing is known about such names
return function(tensors)
  return efficientnet(tensors) or densenet(tensors) or transformer(tensors) or resnet(tensors)
end
