-- What other libraries call the tensors of a vision transformer. Ours are torchvision's.
local weight_names = {}

local function with(table_of_names, layer)
  return function(name)
    local number, rest = name:match "^encoder%.layers%.encoder_layer_(%d+)%.(.*)$"
    if not number then
      return table_of_names[name] or table_of_names[name:match "^(.*)%.%a+$"] .. name:match "%.%a+$"
    end
    local part, leaf = rest:match "^(.*)[._](%a+)$"
    local theirs = layer.parts[part]
    if type(theirs) ~= "table" then return ("%s%s.%s.%s"):format(layer.prefix, number, theirs, leaf) end
    local several = {} -- three tensors of theirs are one of ours
    for i, each in ipairs(theirs) do several[i] = ("%s%s.%s.%s"):format(layer.prefix, number, each, leaf) end
    return several
  end
end

local timm = with(
  { class_token = "cls_token", ["encoder.pos_embedding"] = "pos_embed", conv_proj = "patch_embed.proj", ["encoder.ln"] = "norm" },
  { prefix = "blocks.", parts = {
    ln_1 = "norm1", ln_2 = "norm2", ["self_attention.in_proj"] = "attn.qkv", ["self_attention.out_proj"] = "attn.proj",
    ["mlp.0"] = "mlp.fc1", ["mlp.3"] = "mlp.fc2" } })

local hugging_face_ends = { class_token = "embeddings.cls_token", ["encoder.pos_embedding"] = "embeddings.position_embeddings",
                            conv_proj = "embeddings.patch_embeddings.projection", ["encoder.ln"] = "layernorm" }

local ATTENTION = "attention.attention."
local hugging_face = with(hugging_face_ends,
  { prefix = "encoder.layer.", parts = {
    ln_1 = "layernorm_before", ln_2 = "layernorm_after",
    ["self_attention.in_proj"] = { ATTENTION .. "query", ATTENTION .. "key", ATTENTION .. "value" },
    ["self_attention.out_proj"] = "attention.output.dense", ["mlp.0"] = "intermediate.dense", ["mlp.3"] = "output.dense" } })

-- As modules of its releases from 5 on have them; files on its hub keep the names above.
local hugging_face_5 = with(hugging_face_ends,
  { prefix = "layers.", parts = {
    ln_1 = "layernorm_before", ln_2 = "layernorm_after",
    ["self_attention.in_proj"] = { "attention.q_proj", "attention.k_proj", "attention.v_proj" },
    ["self_attention.out_proj"] = "attention.o_proj", ["mlp.0"] = "mlp.fc1", ["mlp.3"] = "mlp.fc2" } })

-- Files of torchvision before 0.13 number the two layers of an mlp.
local function older(name) return (name:gsub("mlp%.0%.", "mlp.linear_1."):gsub("mlp%.3%.", "mlp.linear_2.")) end

--- As weight_names/efficientnet.lua; a list of names stands for tensors that are one of ours, one below the other.
function weight_names.of(_, has)
  if has "patch_embed.proj.weight" then return timm end
  if has "layers.0.attention.q_proj.weight" then return hugging_face_5 end
  if has "embeddings.cls_token" then return hugging_face end
  return has "encoder.layers.encoder_layer_0.mlp.linear_1.weight" and older or nil
end

return weight_names
