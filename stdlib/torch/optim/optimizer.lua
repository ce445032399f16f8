--- What all optimizers share: groups of parameters with their options, state by parameter, steps, hooks, state dicts.
--
--     local SGD = optimizer.class("SGD", { { "lr", 1e-3 }, { "momentum", 0 } }, { update = ..., ... })
--     local o = SGD(params, { lr = 0.1 })
--
-- A class is a table of methods. Those that a kind of optimizer writes itself:
--   check(options, name)             raises where options of a group contradict PyTorch's conditions
--   start(self, parameter, group, grad)   -> the state of one parameter when it first has a gradient: { name = value }
--   update(self, batch, group)       one step of the parameters of one dtype and device, without a loop over elements:
--                                    batch.params, .grads, .states are lists; batch:column(key) one entry of the states
--   sparse, complex                  whether sparse gradients and complex parameters are supported
--   fused                            name of the operator that makes the whole step, where there is one
-- An object: param_groups, defaults, state (by parameter), step(closure), zero_grad(set_to_none),
-- add_param_group(group), state_dict(), load_state_dict(t), flat_state(), load_flat_state(tensors, plain),
-- register_..._hook(f).
local group = require "torch.optim.group"
local state = require "torch.optim.state"
local batch = require "torch.optim.batch"
local hooks = require "torch.optim.hooks"
local is_tensor = require "host.tensor".is_tensor
local nearest = require "language.nearest"
local is_keywords = require "torch.signature".is_keywords

local Optimizer = { name = "Optimizer", fields = {} }
Optimizer.__index = Optimizer

local events = { "step_pre", "step_post", "state_dict_pre", "state_dict_post", "load_state_dict_pre",
  "load_state_dict_post" }

-- Hooks on the steps of every optimizer.
local everywhere = { step_pre = {}, step_post = {} }

function Optimizer.check() end
function Optimizer:start() return nil end
function Optimizer:update()
  error(self.name .. " has no update(self, batch, group): how it changes the parameters", 0)
end

-- A state that is asked for a parameter it does not know yet begins one, as PyTorch's does.
local state_meta = {
  __index = function(states, parameter)
    local entry = {}
    rawset(states, parameter, entry)
    return entry
  end,
}

function Optimizer:set_state(states) self.state = setmetatable(states, state_meta) end

-- Options by name from what stood after the parameters: values in order, or keywords in a trailing table.
local function read_options(class, ...)
  local n, values, given = select("#", ...), { ... }, {}
  if n > 0 and (is_keywords(values[n]) or type(values[n]) == "table" and next(values[n]) == nil) then
    for key, value in pairs(values[n]) do given[key] = value end
    n = n - 1
  end
  if n > #class.fields then error(("%s takes %d options, got %d"):format(class.name, #class.fields, n), 0) end
  for i = 1, n do given[class.fields[i][1]] = values[i] end
  local known, names = {}, {}
  for i, field in ipairs(class.fields) do known[field[1]], names[i] = true, field[1] end
  for key in pairs(given) do
    if not known[key] then
      error(("%s has no option '%s'%s (%s)"):format(class.name, tostring(key), nearest.did_you_mean(key, names),
        table.concat(names, ", ")), 0)
    end
  end
  local options = {}
  for _, field in ipairs(class.fields) do
    local value = given[field[1]]
    if value == nil then value = field[2] end
    if value == torch.None then value = nil end
    options[field[1]] = value
  end
  return options
end

--- Makes an object of a class; `defaults` are its options as a plain table.
function Optimizer.new(class, params, defaults)
  local self = setmetatable({ defaults = defaults, param_groups = {}, hooks = {} }, class)
  for _, event in ipairs(events) do self.hooks[event] = {} end
  self:set_state {}
  class.check(defaults, class.name)
  for _, given in ipairs(group.list(params, class.name)) do self:add_param_group(given) end
  if self.prepare then self:prepare() end
  return self
end

--- @param given { params = tensors, options that differ }
function Optimizer:add_param_group(given)
  local new = group.add(self, given)
  if self.joined then self:joined(new) end
end

--- Updates the parameters of one group that have a gradient.
function Optimizer:update_group(g)
  local function run(part)
    part:prepare(g)
    self:update(part, g)
  end
  for _, part in ipairs(batch.gather(self, g)) do
    -- what a step computes on the way is freed at its end, not when the collector comes by
    if g.differentiable then run(part) else scope(run, part) end
  end
end

--- One step. With a closure, which computes the loss with its gradients and returns it, that is called first.
-- @return what the closure returned
function Optimizer:step(closure)
  local arguments = { closure }
  for _, list in ipairs { everywhere.step_pre, self.hooks.step_pre } do
    for _, hook in ipairs(hooks.functions(list)) do
      local changed = hook(self, arguments)
      if changed ~= nil then
        if type(changed) ~= "table" then
          error(self.name .. ": a step pre-hook must return nil or the table of new arguments", 0)
        end
        arguments = changed
      end
    end
  end
  local result = self:run_step(arguments[1])
  for _, list in ipairs { self.hooks.step_post, everywhere.step_post } do
    for _, hook in ipairs(hooks.functions(list)) do hook(self, arguments) end
  end
  return result
end

function Optimizer:run_step(closure)
  local result
  if closure ~= nil then result = torch.enable_grad(closure) end
  local mode = self.defaults.differentiable and torch.enable_grad or torch.no_grad
  mode(function()
    for _, g in ipairs(self.param_groups) do self:update_group(g) end
  end)
  return result
end

--- Gradients are dropped, so that the next step leaves a parameter without one alone; with set_to_none = false they
-- become zeros in place.
function Optimizer:zero_grad(set_to_none)
  if type(set_to_none) == "table" then set_to_none = set_to_none.set_to_none end
  local zeros = {}
  for _, g in ipairs(self.param_groups) do
    for _, parameter in ipairs(g.params) do
      local grad = parameter.grad
      if grad and set_to_none ~= false then
        parameter.grad = nil
      elseif grad then
        if not grad.is_leaf then
          parameter.grad = grad:detach()
          grad = parameter.grad
        elseif grad.requires_grad then
          grad.requires_grad = false
        end
        zeros[#zeros + 1] = grad
      end
    end
  end
  if #zeros > 0 then torch.no_grad(torch._foreach_zero_, zeros) end
end

--- PyTorch's layout: { state = { [0] = {...} }, param_groups = {...} }.
function Optimizer:state_dict()
  for _, hook in ipairs(hooks.functions(self.hooks.state_dict_pre)) do hook(self) end
  local dict = state.dict(self)
  for _, hook in ipairs(hooks.functions(self.hooks.state_dict_post)) do dict = hook(self, dict) or dict end
  return dict
end

function Optimizer:load_state_dict(dict)
  local mine = {}
  for key, value in pairs(dict) do mine[key] = value end
  for _, hook in ipairs(hooks.functions(self.hooks.load_state_dict_pre)) do mine = hook(self, mine) or mine end
  state.load(self, mine)
  for _, hook in ipairs(hooks.functions(self.hooks.load_state_dict_post)) do hook(self) end
end

--- The state dict as { name = tensor } and plain data, for a safetensors file and JSON beside it.
function Optimizer:flat_state() return state.flatten(self:state_dict()) end
function Optimizer:load_flat_state(tensors, plain) self:load_state_dict(state.unflatten(tensors, plain)) end

for _, event in ipairs(events) do
  --- register_step_pre_hook(f): f(optimizer, arguments) before each step; ..._post_hook after it. Returns a handle.
  Optimizer["register_" .. event .. "_hook"] = function(self, f, prepend)
    if type(prepend) == "table" then prepend = prepend.prepend end
    return hooks.add(self.hooks[event], f, prepend)
  end
end

local function text(value)
  if value == nil then return "None" end
  if type(value) == "boolean" then return value and "True" or "False" end
  if type(value) == "number" then return ("%.12g"):format(value) end
  if is_tensor(value) then return tostring(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = text(item) end
  return "(" .. table.concat(parts, ", ") .. ")"
end

function Optimizer:__tostring()
  local lines = { self.name .. " (" }
  for i, g in ipairs(self.param_groups) do
    lines[#lines + 1] = "Parameter Group " .. i - 1
    local known, names = {}, {}
    for key in pairs(g) do known[key] = true end
    for _, field in ipairs(self.fields) do known[field[1]] = true end
    for key in pairs(known) do if key ~= "params" and key ~= "param_names" then names[#names + 1] = key end end
    table.sort(names)
    for _, key in ipairs(names) do lines[#lines + 1] = ("    %s: %s"):format(key, text(g[key])) end
  end
  lines[#lines + 1] = ")"
  return table.concat(lines, "\n")
end

local optimizer = { Optimizer = Optimizer }

--- A class of optimizers.
-- @param fields list of { option, default } in PyTorch's order; torch.None or nothing as default means absent
-- @param methods see the top of this file; further ones are added to every object
-- @return the class; called with (params, options...) it makes an object
function optimizer.class(name, fields, methods)
  local class = {}
  for key, value in pairs(Optimizer) do class[key] = value end
  for key, value in pairs(methods) do class[key] = value end
  class.name, class.fields, class.__index = name, fields, class
  return setmetatable(class, {
    __call = function(self, params, ...) return Optimizer.new(self, params, read_options(self, ...)) end,
    __tostring = function() return "torch.optim." .. name end,
  })
end

-- torch.optim.Optimizer(params, defaults): a bare one, whose step is written by whoever makes it.
setmetatable(Optimizer, {
  __call = function(self, params, defaults) return Optimizer.new(self, params, defaults or {}) end,
  __tostring = function() return "torch.optim.Optimizer" end,
})

--- register_optimizer_step_pre_hook(f): f(optimizer, arguments) before the steps of every optimizer; post: after them.
function optimizer.register_optimizer_step_pre_hook(f) return hooks.add(everywhere.step_pre, f) end
function optimizer.register_optimizer_step_post_hook(f) return hooks.add(everywhere.step_post, f) end

return optimizer
