-- What other libraries call the tensors of an EfficientNet. Ours are torchvision's.
local weight_names = {}

-- Role of each part of a block by its place: with or without an expansion, a squeeze and excitation.
local function roles_of(names)
  local blocks, order = {}, {}
  for _, name in ipairs(names) do
    local stage, place, part = name:match "^features%.(%d+)%.(%d+)%.block%.(%d+)%."
    if stage then
      local key = stage .. "." .. place
      if not blocks[key] then
        blocks[key] = { parts = 0, number = #order, stage = stage - 1, place = place }
        order[#order + 1] = key
      end
      local block = blocks[key]
      block.parts = math.max(block.parts, part + 1)
      if name:find "%.fc1%." then block.squeeze = tonumber(part) end
    end
  end
  for _, block in pairs(blocks) do
    local roles = block.squeeze and { "depthwise", "squeeze", "project" } or { "depthwise", "project" }
    if block.parts > #roles then table.insert(roles, 1, "expand") end
    block.roles = roles
  end
  return blocks
end

-- { pattern of a block's number or place, the parts' names }: the first entry of a part is the convolution's, the second
-- the norm's; of squeeze the two convolutions'.
local styles = {
  { mark = "_conv_stem.weight", stem = { "_conv_stem", "_bn0" }, head = { "_conv_head", "_bn1" },
    block = function(b) return "_blocks." .. b.number end,
    parts = function() return {
      expand = { "_expand_conv", "_bn0" }, depthwise = { "_depthwise_conv", "_bn1" },
      squeeze = { "_se_reduce", "_se_expand" }, project = { "_project_conv", "_bn2" } } end },
  { mark = "conv_stem.weight", stem = { "conv_stem", "bn1" }, head = { "conv_head", "bn2" }, -- timm
    block = function(b) return ("blocks.%d.%d"):format(b.stage, b.place) end,
    parts = function(b)
      local squeeze = { "se.conv_reduce", "se.conv_expand" }
      if b.roles[1] == "expand" then
        return { expand = { "conv_pw", "bn1" }, depthwise = { "conv_dw", "bn2" }, squeeze = squeeze,
                 project = { "conv_pwl", "bn3" } }
      end
      return { depthwise = { "conv_dw", "bn1" }, squeeze = squeeze, project = { "conv_pw", "bn2" } }
    end },
  { mark = "embeddings.convolution.weight", stem = { "embeddings.convolution", "embeddings.batchnorm" }, -- Hugging Face
    head = { "encoder.top_conv", "encoder.top_bn" },
    block = function(b) return "encoder.blocks." .. b.number end,
    parts = function() return {
      expand = { "expansion.expand_conv", "expansion.expand_bn" },
      depthwise = { "depthwise_conv.depthwise_conv", "depthwise_conv.depthwise_norm" },
      squeeze = { "squeeze_excite.reduce", "squeeze_excite.expand" },
      project = { "projection.project_conv", "projection.project_bn" } }
    end },
}

--- @param names ours, in order
-- @param has function(name) -> whether the file has such a tensor
-- @return function(our name) -> their name; nil where the file has our names
function weight_names.of(names, has)
  local style
  for _, each in ipairs(styles) do
    if has(each.mark) then style = each end
  end
  if not style then return nil end
  local blocks, last = roles_of(names), 0
  for _, name in ipairs(names) do last = math.max(last, tonumber(name:match "^features%.(%d+)") or 0) end
  return function(name)
    local stage, place, part, rest = name:match "^features%.(%d+)%.(%d+)%.block%.(%d+)%.(.*)$"
    if stage then
      local block = blocks[stage .. "." .. place]
      local role = block.roles[part + 1]
      local which, leaf = rest:match "^f?c?(%d+)%.(.*)$"
      local pair = style.parts(block)[role]
      return ("%s.%s.%s"):format(style.block(block), pair[role == "squeeze" and tonumber(which) or which + 1], leaf)
    end
    local end_stage, which, leaf = name:match "^features%.(%d+)%.(%d+)%.(.*)$"
    local pair = tonumber(end_stage) == 0 and style.stem or tonumber(end_stage) == last and style.head
    return ("%s.%s"):format(pair[which + 1], leaf)
  end
end

return weight_names
