--- Functions with a gradient of their own: torch.autograd.fn.
local torch = require "torch"
local host = require "host.autograd"
local is_tensor = require("host.tensor").is_tensor
local nearest = require "language.nearest"

local context = {}

-- What the fields are that a script reads.
local read = {
  saved_tensors = function(ctx)
    if rawget(ctx, "_saved") then return ctx._saved end -- still in the forward
    return ctx._graph:tensors()
  end,
  needs_input_grad = function(ctx) return ctx._graph:needs() end,
}
context.__index = function(ctx, key)
  if read[key] then return read[key](ctx) end
  return context[key]
end

local function listed(...) return { n = select("#", ...), ... } end

--- ctx:save_for_backward(a, b, ...): inputs, outputs or what was computed between, for ctx.saved_tensors in backward.
function context:save_for_backward(...) rawset(self, "_saved", listed(...)) end
--- ctx:save_for_forward(a, b, ...): the same for jvp.
context.save_for_forward = context.save_for_backward
--- ctx:mark_dirty(x, ...): inputs that forward changes in place. They must be among its results.
function context:mark_dirty(...) rawset(self, "_dirty", listed(...)) end
--- ctx:mark_non_differentiable(y, ...): results without a gradient.
function context:mark_non_differentiable(...) rawset(self, "_non_differentiable", listed(...)) end
--- ctx:set_materialize_grads(flag): with false, backward gets nil instead of zeros for results nothing flows back to.
function context:set_materialize_grads(flag) rawset(self, "_sparse_grads", not flag) end

local custom = {}

--- torch.autograd.once_differentiable(backward): a backward whose own gradient is refused instead of being wrong.
-- @usage local f = torch.autograd.fn { forward = function(ctx, x) return x end, backward = torch.autograd.once_differentiable(function(ctx, g) return g end) }
function custom.once_differentiable(backward)
  return function(ctx, ...)
    local grads = listed(torch.no_grad(backward, ctx, ...))
    local recorded = false
    for i = 1, select("#", ...) do
      local g = select(i, ...)
      recorded = recorded or is_tensor(g) and g.requires_grad
    end
    if not (torch.is_grad_enabled() and recorded) then return unpack(grads, 1, grads.n) end
    local list, places = {}, {}
    for i = 1, grads.n do
      if grads[i] then
        list[#list + 1], places[#places + 1] = grads[i]:detach():requires_grad_(), i
      end
    end
    for k, g in ipairs(host.delayed_error(list, "trying to differentiate twice a function that was marked with once_differentiable")) do
      grads[places[k]] = g
    end
    return unpack(grads, 1, grads.n)
  end
end

local keys = { "forward", "backward", "setup_context", "jvp", "once_differentiable", "name", "generate_vmap_rule" }

--- torch.autograd.fn{ forward = function(ctx, x...) end, backward = function(ctx, grad...) end }: a function with its
-- own gradient, called as f(x...). Further keys: setup_context = function(ctx, inputs, output) end (then forward
-- gets no
-- context; output is a list where there are several), jvp = function(ctx, tangent...) end for forward mode, name, and
-- once_differentiable = true. The context: ctx:save_for_backward(...), ctx.saved_tensors, ctx.needs_input_grad,
-- ctx:mark_dirty(...), ctx:mark_non_differentiable(...), ctx:set_materialize_grads(flag); other fields are the
-- script's.
-- @usage local double = torch.autograd.fn { forward = function(ctx, x) return x * 2 end, backward = function(ctx, g) return g * 2 end }
function custom.fn(definition)
  local known = {}
  for _, key in ipairs(keys) do known[key] = true end
  for key in pairs(definition) do
    if not known[key] then
      error(("torch.autograd.fn: unknown option '%s'%s"):format(tostring(key), nearest.did_you_mean(tostring(key),
        keys)), 2)
    end
  end
  local forward, backward, setup, jvp = definition.forward, definition.backward, definition.setup_context,
    definition.jvp
  if type(forward) ~= "function" or not (type(backward) == "function" or backward == nil
    and type(jvp) == "function") then
    error("torch.autograd.fn: give forward and backward as functions", 2)
  end
  local name = (definition.name or "CustomFunction") .. "Backward"
  backward = backward or function() error("this function has a jvp but no backward", 0) end
  if definition.once_differentiable then backward = custom.once_differentiable(backward) end
  local run = forward
  if setup then
    function run(ctx, ...)
      local outputs = listed(forward(...))
      setup(ctx, listed(...), outputs.n > 1 and outputs or outputs[1])
      return unpack(outputs, 1, outputs.n)
    end
  end
  return function(...)
    local ctx = setmetatable({ _late = setup ~= nil }, context)
    local function done(...)
      ctx._saved, ctx._dirty, ctx._non_differentiable = nil, nil, nil -- the graph holds them now
      return ...
    end
    return done(host.custom(name, run, backward, jvp, ctx, ...))
  end
end

--- torch.autograd.Function{...}: as torch.autograd.fn; what it gives is also called as f.apply(x...).
-- @usage local double = torch.autograd.Function { forward = function(ctx, x) return x * 2 end, backward = function(ctx, g) return g * 2 end }
function custom.Function(definition)
  local f = custom.fn(definition)
  return setmetatable({ apply = f }, { __call = function(_, ...) return f(...) end })
end

return custom
