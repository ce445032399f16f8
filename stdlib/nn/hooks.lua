--- Hooks of modules: functions around forward and backward, in PyTorch's order.
--
-- What a hook is given as input: the value itself where the module was called with one that is no table, otherwise the
-- list of them; output, grad_input and grad_output likewise (the value, or a list where there are several). A hook that
-- returns something replaces what it was given; a list stands for several values.
local host = require "host.module"

local hooks = { methods = {} }
local M = hooks.methods
local lists = { "pre", "forward", "backward_pre", "backward", "state_pre", "state_post", "load_pre", "load_post" }

local function pack(...) return { n = select("#", ...), ... } end

local function one_or_list(values)
  if values.n == 1 and type(values[1]) ~= "table" then return values[1] end
  local list = {}
  for i = 1, values.n do list[i] = values[i] == nil and require("torch").None or values[i] end
  return list
end

-- What a hook returned as values: a list's items, anything else itself.
local function values_of(result)
  if type(result) ~= "table" or getmetatable(result) ~= nil or (next(result) ~= nil and #result == 0) then
    return { n = 1, result }
  end
  local values = { n = #result }
  local none = require("torch").None
  for i = 1, #result do if result[i] ~= none then values[i] = result[i] end end
  return values
end

-- A trailing table of words only is what Python calls keyword arguments.
local function keywords(values)
  local last = values[values.n]
  if type(last) ~= "table" or #last > 0 or next(last) == nil or getmetatable(last) ~= nil then return values, {} end
  local rest = { n = values.n - 1 }
  for i = 1, rest.n do rest[i] = values[i] end
  return rest, last
end

local function with_keywords(values, words)
  if next(words) == nil then return values end
  local all = { n = values.n + 1 }
  for i = 1, values.n do all[i] = values[i] end
  all[all.n] = words
  return all
end

local function plain_list(values)
  local list = {}
  for i = 1, values.n do list[i] = values[i] end
  return list
end

-- The module's hooks; made, or dropped when none is left.
local function table_of(module)
  local own = host.hooks(module)
  if own then return own end
  own = {}
  for _, name in ipairs(lists) do own[name] = {} end
  host.set_hooks(module, own)
  return own
end

local function add(module, list, f, options)
  if type(f) ~= "function" then
    local meta = getmetatable(f)
    if not (type(meta) == "table" and meta.__call) then error("a hook must be a function, got a " .. type(f), 3) end
  end
  options = options or {}
  for key in pairs(options) do
    if key ~= "prepend" and key ~= "with_kwargs" and key ~= "always_call" then
      error(("unknown option '%s' of a hook (prepend, with_kwargs, always_call)"):format(tostring(key)), 3)
    end
  end
  local own = table_of(module)
  local hook = { f = f, with_kwargs = options.with_kwargs, always_call = options.always_call }
  if options.prepend then table.insert(own[list], 1, hook) else table.insert(own[list], hook) end
  local handle = {}
  --- handle:remove(): the hook is not called again. A second time does nothing.
  function handle.remove()
    for i, known in ipairs(own[list]) do
      if known == hook then
        table.remove(own[list], i)
        break
      end
    end
    for _, name in ipairs(lists) do if #own[name] > 0 then return end end
    if host.hooks(module) == own then host.set_hooks(module, nil) end
  end
  return handle
end

--- m:register_forward_pre_hook(f, {prepend=, with_kwargs=}): f(module, input) before forward; what it returns is the
-- input then. With with_kwargs: f(module, inputs, words) gets the list of inputs and the trailing table of words, and
-- returns both.
-- @usage local m = nn.Linear(2, 2); local h = m:register_forward_pre_hook(function(m, x) return x * 2 end); h:remove()
function M.register_forward_pre_hook(m, f, options) return add(m, "pre", f, options) end
--- m:register_forward_hook(f, {prepend=, with_kwargs=, always_call=}): f(module, input, output) after forward; what it
-- returns is the output then. With with_kwargs: f(module, inputs, words, output). With always_call it is called also
-- when forward, or another hook, failed (output is nil then).
function M.register_forward_hook(m, f, options) return add(m, "forward", f, options) end
--- m:register_full_backward_pre_hook(f, {prepend=}): f(module, grad_output) before the module's gradients are computed.
function M.register_full_backward_pre_hook(m, f, options) return add(m, "backward_pre", f, options) end
--- m:register_full_backward_hook(f, {prepend=}): f(module, grad_input, grad_output) when the gradients with respect to
-- the module's inputs are known; what it returns stands for grad_input.
function M.register_full_backward_hook(m, f, options) return add(m, "backward", f, options) end
--- m:register_state_dict_pre_hook(f): f(module, prefix, keep_vars) before state_dict reads the module.
function M.register_state_dict_pre_hook(m, f) return add(m, "state_pre", f) end
--- m:register_state_dict_post_hook(f): f(module, state, prefix) after its part, and that of its children, is in the
-- state.
function M.register_state_dict_post_hook(m, f) return add(m, "state_post", f) end
--- m:register_load_state_dict_pre_hook(f): f(module, state, prefix, strict) may change the state before it is read.
function M.register_load_state_dict_pre_hook(m, f) return add(m, "load_pre", f) end
--- m:register_load_state_dict_post_hook(f): f(module, report) after loading; it may take names off the report's lists,
-- and what is left decides whether strict loading fails.
function M.register_load_state_dict_post_hook(m, f) return add(m, "load_post", f) end

-- Backward ---------------------------------------------------------------------------------------------------------

-- Tensors among the values pass through an identity whose backward calls `seen(gradients)`.
local function identity(values, seen)
  local torch = require "torch"
  local places, tensors = {}, {}
  for i = 1, values.n do
    if torch.is_tensor(values[i]) and values[i].requires_grad then
      places[#places + 1] = i
      tensors[#tensors + 1] = values[i]
    end
  end
  if #places == 0 then return values, false end
  local through = torch.autograd.fn {
    forward = function(_, ...)
      local out = pack(...)
      for i = 1, out.n do out[i] = out[i]:view_as(out[i]) end
      return unpack(out, 1, out.n)
    end,
    backward = function(_, ...)
      local grads = pack(...)
      local all = { n = values.n }
      for k, i in ipairs(places) do all[i] = grads[k] end
      local now = seen(all)
      local result = { n = #places }
      for k, i in ipairs(places) do result[k] = now[i] end
      return unpack(result, 1, #places)
    end,
  }
  local passed = pack(through(unpack(tensors)))
  local new = { n = values.n }
  for i = 1, values.n do new[i] = values[i] end
  for k, i in ipairs(places) do new[i] = passed[k] end
  return new, true
end

local function replaced(what, result, values)
  if result == nil then return values end
  local new = values_of(result)
  if new.n ~= values.n then
    error(("a backward hook must return %d gradients for %s, got %d"):format(values.n, what, new.n), 0)
  end
  return new
end

local function around_backward(module, own, inputs)
  local passed = { grad_output = nil }
  local function finish(grad_input)
    for _, hook in ipairs(own.backward) do
      grad_input = replaced("grad_input", hook.f(module, one_or_list(grad_input), one_or_list(passed.grad_output)),
        grad_input)
    end
    return grad_input
  end
  local wrapped, differentiable = inputs, false
  if #own.backward > 0 then wrapped, differentiable = identity(inputs, finish) end
  return wrapped, function(outputs)
    return (identity(outputs, function(grads)
      for _, hook in ipairs(own.backward_pre) do
        grads = replaced("grad_output", hook.f(module, one_or_list(grads)), grads)
      end
      passed.grad_output = grads
      -- nothing to differentiate on the input's side: the hooks run here
      if not differentiable then finish { n = inputs.n } end
      return grads
    end))
  end
end

-- Forward ----------------------------------------------------------------------------------------------------------

local function run(module, own, inputs)
  for _, hook in ipairs(own.pre) do
    if hook.with_kwargs then
      local given, words = keywords(inputs)
      local args, changed = hook.f(module, plain_list(given), words)
      if args ~= nil then
        if type(args) ~= "table" or type(changed) ~= "table" then
          error("a pre-hook with_kwargs must return nothing or the list of inputs and the table of words", 0)
        end
        inputs = with_keywords(values_of(args), changed)
      end
    else
      local result = hook.f(module, one_or_list(inputs))
      if result ~= nil then inputs = values_of(result) end
    end
  end
  local finish
  if #own.backward > 0 or #own.backward_pre > 0 then inputs, finish = around_backward(module, own, inputs) end
  return pack(host.run(module, unpack(inputs, 1, inputs.n))), inputs, finish
end

local function after(module, hook, inputs, output)
  if not hook.with_kwargs then return hook.f(module, one_or_list(inputs), output) end
  local given, words = keywords(inputs)
  return hook.f(module, plain_list(given), words, output)
end

local function forward(module, own, inputs, called)
  local outputs, used, finish = run(module, own, inputs)
  for _, hook in ipairs(own.forward) do
    called[hook] = true
    local result = after(module, hook, used, one_or_list(outputs))
    if result ~= nil then outputs = values_of(result) end
  end
  return finish and finish(outputs) or outputs
end

local function hooked(module, ...)
  local own, inputs = host.hooks(module), pack(...)
  local always = false
  for _, hook in ipairs(own.forward) do always = always or hook.always_call end
  local called, outputs = {}, nil
  if not always then
    outputs = forward(module, own, inputs, called)
  else
    local done, result = pcall(forward, module, own, inputs, called)
    if not done then
      for _, hook in ipairs(own.forward) do
        -- the failure that is under way is the one to report
        if hook.always_call and not called[hook] then pcall(after, module, hook, inputs, nil) end
      end
      error(result, 0)
    end
    outputs = result
  end
  return unpack(outputs, 1, outputs.n)
end

host.set_hook_runner(hooked)

--- hooks.each(module, list, call): call(f) for every hook f of one list of the module, in order.
function hooks.each(module, list, f)
  local own = host.hooks(module)
  if not own then return end
  for _, hook in ipairs(own[list]) do f(hook.f) end
end

return hooks
