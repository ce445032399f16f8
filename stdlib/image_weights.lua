--- Weights of image networks from files as other libraries write them: the names of torchvision, timm, Hugging Face and
-- EfficientNet-PyTorch are recognised, with or without a prefix, below or beside other things of a checkpoint.
local catalogue = require "catalogue"
require "nn" -- the methods of modules
require "torch"

local image_weights = {}

-- Where checkpoints keep the weights, averaged ones first.
local INSIDE = { "state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "ema" }
local PREFIXES = { "", "module.", "model.", "backbone.", "encoder.", "efficientnet.", "resnet.", "vit.", "module.model.",
                   "module.backbone.", "model.encoder." }
-- Ends of networks that a trunk leaves out.
local ENDS = { "^_?fc%.", "^classifier", "^head", "^pooler%.", "^pre_logits", "num_batches_tracked$", "position_ids$" }

local function tensors_of(file)
  local found
  if file:match "%.safetensors$" then
    found = require "safetensors".load_file(file)
  else
    found = torch.load(file)
  end
  if type(found) == "userdata" and found.state_dict then found = found:state_dict() end
  for _, key in ipairs(INSIDE) do
    if type(found) == "table" and type(found[key]) == "table" then found = found[key] end
  end
  local tensors, any = {}, false
  for name, value in pairs(type(found) == "table" and found or {}) do
    if type(name) == "string" and torch.is_tensor(value) then tensors[name], any = value, true end
  end
  if not any then error(file .. ": holds no tensors by name", 0) end
  return tensors
end

-- Their name of ours, or a list of names, with the prefix that the file puts before all.
local function translation(names, tensors, family)
  local naming = require("weight_names." .. family)
  local most, best = 0, nil
  for _, prefix in ipairs(PREFIXES) do
    local function has(name) return tensors[prefix .. name] ~= nil end
    local theirs = naming.of(names, has) or function(name) return name end
    local function translated(name)
      local other = theirs(name)
      if type(other) ~= "table" then return { prefix .. other } end
      for i, each in ipairs(other) do other[i] = prefix .. each end
      return other
    end
    local count = 0
    for _, name in ipairs(names) do
      if tensors[translated(name)[1]] then count = count + 1 end
    end
    if count > most then most, best = count, { of = translated, prefix = prefix } end
  end
  return best
end

local function is_end(name, prefix)
  local own = name:sub(1, #prefix) == prefix and name:sub(#prefix + 1) or name
  for _, pattern in ipairs(ENDS) do
    if own:match(pattern) or name:match(pattern) then return true end
  end
  return false
end

-- " (these are weights of vision.resnet50)" where that can be told.
local function told(tensors, name)
  local kind = require "recognised_weights"(tensors)
  if not kind or kind == name then return "" end
  return (" (these are weights of %s)"):format(kind)
end

local function some(list)
  table.sort(list)
  local shown = {}
  for i = 1, math.min(3, #list) do shown[i] = list[i] end
  return table.concat(shown, ", ") .. (#list > 3 and (" and %d more"):format(#list - 3) or "")
end

--- Loads weights in place. All of the module's must be in the file; of the file only what ends a network (its classifier)
-- may be left over.
-- @param module a backbone
-- @param file .safetensors, or what torch.save wrote (.pth, .pt, .bin)
-- @param family the file of weight_names/; @param name what messages call the module
function image_weights.load(module, file, family, name)
  local tensors = tensors_of(file)
  local names = module:state_dict_names()
  local naming = translation(names, tensors, family)
  if not naming then
    local all = {}
    for tensor in pairs(tensors) do all[#all + 1] = tensor end
    error(("%s: none of its tensors belongs to %s%s; it has %s"):format(file, name, told(tensors, name), some(all)),
      0)
  end
  local state, missing, used = {}, {}, {}
  for _, name in ipairs(names) do
    local parts = {}
    for i, theirs in ipairs(naming.of(name)) do parts[i], used[theirs] = tensors[theirs], true end
    if #parts > 0 then
      state[name] = #parts == 1 and parts[1] or torch.cat(parts)
    elseif name:match "num_batches_tracked$" then
      state[name] = torch.tensor(0) -- old files do not count them
    else
      missing[#missing + 1] = naming.of(name)[1]
    end
  end
  local left = {}
  for name in pairs(tensors) do
    if not used[name] and not is_end(name, naming.prefix) then left[#left + 1] = name end
  end
  if #missing > 0 then error(("%s: lacks %s of %s%s"):format(file, some(missing), name, told(tensors, name)), 0) end
  if #left > 0 then
    error(("%s: has %s, for which %s has no place%s"):format(file, some(left), name, told(tensors, name)), 0)
  end
  local done, message = pcall(module.load_state_dict, module, state)
  if not done then
    message = tostring(message):gsub("^[^\n:]+%.lua:%d+: ", "") -- the file is the place that counts
    error(("%s: does not fit %s%s: %s"):format(file, name, told(tensors, name), message), 0)
  end
end

--- The file that `weights = ...` means: "imagenet" is a set of the catalogue, all else a path.
-- @param set the catalogue's name, or nil where there are none
function image_weights.file(weights, set, kind)
  if weights ~= "imagenet" then return catalogue.path(weights) end
  if not set then
    error(("%s: weights = \"imagenet\" can be fetched for vision.efficientnet_lite0 alone; for this one give the "
      .. "path of a .pth or .safetensors file with torchvision's, timm's or Hugging Face's weights"):format(kind), 0)
  end
  local folder, reason = catalogue.get(set)
  if not folder then error(reason, 0) end
  return catalogue.file(folder, catalogue.sets[set].files[1][1])
end

return image_weights
