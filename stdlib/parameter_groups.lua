--- Which options each parameter is trained with: those of the optimizer, but for
--
--   heads         options that differ for the heads
--   layer_decay   the rate of a stage of the encoder is this share of that of the next one (Howard and Ruder 2018; the
--                 form of BEiT, Bao et al. 2022): the heads have the rate itself, the last of n stages layer_decay
--                 times it, the first layer_decay^n times it
--   no_decay      no weight decay for biases and for weights of one dim, which are those of norms; a list: for
--                 parameters of these names as well
--   groups        options of parameters by name: { ["encoder.layer4.*"] = { lr = 1e-4 } }, where * is anything. The
--                 last pattern that fits counts, and it counts more than the rest.
--
-- Names are those of the model's state: "encoder.conv1.weight", "head.bias", "heads.onehot.weight".
local nearest = require "language.nearest"
local order = require "language.order"

local parameter_groups = {}

--- Fields of optimizers, all of them optional.
function parameter_groups.fields(optional)
  return {
    { "heads", "map of number", optional, "options that differ for the heads' parameters, such as { lr = 1e-2 }" },
    { "layer_decay", "number in (0, 1]", optional,
      "the rate of each stage of the encoder as a share of that of the next; the last one's of that of the heads" },
    { "no_decay", "boolean or list of string", optional,
      "true: no weight decay for biases and norms; a list: for parameters of these names as well, * is anything" },
    { "groups", "map of map of number", optional,
      "options by the names of parameters, * is anything: { [\"encoder.layer4.*\"] = { lr = 1e-4 } }" },
  }
end

--- The names of these fields.
parameter_groups.options = { heads = true, layer_decay = true, no_decay = true, groups = true }

local function fits(pattern, name)
  return name:match("^" .. pattern:gsub("[%-%.%+%[%]%(%)%$%^%%%?]", "%%%0"):gsub("%*", ".*") .. "$") ~= nil
end

-- parameter -> name, and all names of those that are trained here.
local function names_of(groups, module)
  local names, trained, list = {}, {}, {}
  for _, group in ipairs(groups) do
    for _, parameter in ipairs(group.parameters) do trained[parameter] = true end
  end
  for name, parameter in module:named_parameters() do
    if trained[parameter] then names[parameter], list[#list + 1] = name, name end
  end
  return names, list
end

-- parameter -> the exponent of its rate's share: 1 in the last stage.
local function depths_of(module)
  local encoder = module.encoder
  local stages = encoder and encoder.stages
  if not stages then error("layer_decay: this encoder knows no stages; write groups = { [NAME] = { lr = ... } }", 0) end
  local depths = {}
  for name, parameter in encoder:named_parameters() do
    depths[parameter] = 1
    for i, stage in ipairs(stages) do
      for _, part in ipairs(stage) do
        if name == part or name:sub(1, #part + 1) == part .. "." then depths[parameter] = #stages + 1 - i end
      end
    end
  end
  return depths
end

-- Errors where a pattern is about nothing.
local function matched(what, pattern, names)
  for _, name in ipairs(names) do
    if fits(pattern, name) then return end
  end
  local hint = nearest.did_you_mean(pattern, names)
  if hint == "" and #names > 0 then hint = ("; they are called such as '%s' and '%s'"):format(names[1], names[#names]) end
  error(("%s: no trained parameter is called '%s'%s"):format(what, pattern, hint), 0)
end

local function number_of(o, what, key)
  if type(o[key]) == "number" then return end
  local known = {}
  for name, value in pairs(o) do
    if type(value) == "number" and not parameter_groups.options[name] then known[#known + 1] = name end
  end
  table.sort(known)
  error(("optim: '%s.%s' is no number of this optimizer%s (%s)"):format(what, key, nearest.did_you_mean(key, known),
    table.concat(known, ", ")), 0)
end

-- What of the options differs for one parameter.
local function own_options(o, group, parameter, name, depth)
  local own = {}
  for key, value in pairs(group.options or {}) do
    if o[key] ~= nil then own[key] = value end
  end
  if group.name == "heads" then
    for key, value in pairs(o.heads or {}) do own[key] = value end
  elseif depth then
    own.lr = o.lr * o.layer_decay ^ depth
  end
  if o.no_decay and (parameter.ndim <= 1 or name and name:match "[^.]*$" == "bias") then own.weight_decay = 0 end
  for _, pattern in ipairs(type(o.no_decay) == "table" and o.no_decay or {}) do
    if name and fits(pattern, name) then own.weight_decay = 0 end
  end
  for _, pattern in ipairs(order.keys(o.groups or {})) do
    if name and fits(pattern, name) then
      for key, value in pairs(o.groups[pattern]) do own[key] = value end
    end
  end
  return own
end

local function signature(own)
  local parts = {}
  for key, value in pairs(own) do parts[#parts + 1] = ("%s=%.17g"):format(key, value) end
  table.sort(parts)
  return table.concat(parts, " ")
end

--- Groups as torch.optim takes them, several where parameters of one differ, each with the name of its group.
-- @param groups { { name, parameters, options = what differs, or nil }, ... }
-- @param o all options of the optimizer, as written
-- @param module with names for the parameters; nil where no option asks for names
-- Errors: what no optimizer of this kind has, patterns that are about nothing.
function parameter_groups.split(groups, o, module)
  if not module and (o.layer_decay or o.groups or type(o.no_decay) == "table") then
    error("optim: layer_decay, groups and no_decay by name are for the optimizer of an experiment's model", 0)
  end
  for key in pairs(o.heads or {}) do number_of(o, "heads", key) end
  if o.no_decay then number_of(o, "no_decay", "weight_decay") end
  local names, list = {}, {}
  if module then names, list = names_of(groups, module) end
  for _, pattern in ipairs(order.keys(o.groups or {})) do
    matched("groups", pattern, list)
    for key in pairs(o.groups[pattern]) do number_of(o, "groups", key) end
  end
  for _, pattern in ipairs(type(o.no_decay) == "table" and o.no_decay or {}) do matched("no_decay", pattern, list) end
  local depths = o.layer_decay and depths_of(module) or {}
  local made = {}
  for _, group in ipairs(groups) do
    local of_signature, first = {}, #made + 1
    for _, parameter in ipairs(group.parameters) do
      local own = own_options(o, group, parameter, names[parameter], depths[parameter])
      local key = signature(own)
      if not of_signature[key] then
        own.params, own.name = {}, group.name
        of_signature[key], made[#made + 1] = own, own
      end
      table.insert(of_signature[key].params, parameter)
    end
    if not made[first] then made[first] = { params = {}, name = group.name } end -- nothing of it is trained
  end
  return made
end

return parameter_groups
