--- LBFGS (Liu and Nocedal 1989): step lengths and directions from the last gradients; the closure is called several
-- times a step.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"
local line_search = require "torch.optim.line_search"
local is_tensor = require "host.tensor".is_tensor

local LBFGS = { complex = true }

function LBFGS.check(o, who)
  batch.check({ lr = o.lr }, who)
  if o.line_search_fn ~= nil and o.line_search_fn ~= "strong_wolfe" then
    error(who .. ": only 'strong_wolfe' is supported, got '" .. tostring(o.line_search_fn) .. "'", 0)
  end
end

function LBFGS:prepare()
  if #self.param_groups ~= 1 then error("LBFGS doesn't support per-parameter options (parameter groups)", 0) end
  local g = self.param_groups[1]
  g.max_eval = g.max_eval or math.floor(g.max_iter * 5 / 4)
  self.defaults.max_eval = g.max_eval
end

local function number(x) return is_tensor(x) and x:item() or x end

-- All gradients as one vector; zeros where there is none.
local function flat_gradient(params)
  local parts = {}
  for i, parameter in ipairs(params) do
    local grad = parameter.grad
    if not grad then grad = torch.zeros_like(parameter)
    elseif grad.layout ~= "strided" then grad = grad:to_dense() end
    if grad:is_complex() then grad = torch.view_as_real(grad) end
    parts[i] = grad:reshape(-1)
  end
  return torch.cat(parts)
end

-- Pieces of a vector with the shapes of the parameters.
local function pieces(real, vector)
  local out, at = {}, 0
  for i, parameter in ipairs(real) do
    local n = parameter:numel()
    out[i] = vector:narrow(0, at, n):view_as(parameter)
    at = at + n
  end
  return out
end

local function largest(x) return x:abs():max():item() end

-- -H * gradient from the remembered pairs, by the two loops of Nocedal and Wright, algorithm 7.4.
local function direction(state, gradient)
  local q, al = gradient:neg(), {}
  for i = #state.old_dirs, 1, -1 do
    al[i] = state.old_stps[i]:dot(q):item() * number(state.ro[i])
    q:add_(state.old_dirs[i], { alpha = -al[i] })
  end
  local r = q:mul_(number(state.H_diag))
  for i = 1, #state.old_dirs do
    local be = state.old_dirs[i]:dot(r):item() * number(state.ro[i])
    r:add_(state.old_stps[i], { alpha = al[i] - be })
  end
  return r
end

local function remember(state, gradient, history_size)
  local y, s = gradient:sub(state.prev_flat_grad), state.d:mul(number(state.t))
  local ys = y:dot(s):item()
  if ys <= 1e-10 then return end
  if #state.old_dirs == history_size then
    for _, list in ipairs { state.old_dirs, state.old_stps, state.ro } do table.remove(list, 1) end
  end
  local n = #state.old_dirs + 1
  state.old_dirs[n], state.old_stps[n], state.ro[n] = y, s, 1 / ys
  state.H_diag = ys / y:dot(y):item()
end

--- One step: up to max_iter moves. The closure clears the gradients, computes the loss, runs backward and returns it.
-- @return the loss before the step
function LBFGS:run_step(closure)
  if type(closure) ~= "function" then
    error("LBFGS: step needs a closure that computes the loss and its gradients", 0)
  end
  local g = self.param_groups[1]
  local params, lr = g.params, number(g.lr)
  local real = batch.real(params)
  local state = self.state[params[1]]
  state.func_evals, state.n_iter = state.func_evals or 0, state.n_iter or 0

  local function evaluate()
    local loss = torch.enable_grad(closure)
    return number(loss), flat_gradient(params), loss
  end
  local function move(step, along) torch._foreach_add_(real, pieces(real, along), { alpha = step }) end

  local first
  torch.no_grad(function()
    real = batch.real(params)
    local loss, gradient
    loss, gradient, first = evaluate()
    state.func_evals = state.func_evals + 1
    local evals, optimal = 1, largest(gradient) <= g.tolerance_grad
    if optimal then return end
    for iteration = 1, g.max_iter do
      state.n_iter = state.n_iter + 1
      if state.n_iter == 1 then
        state.d, state.old_dirs, state.old_stps, state.ro, state.H_diag = gradient:neg(), {}, {}, {}, 1
      else
        remember(state, gradient, g.history_size)
        state.d = direction(state, gradient)
      end
      state.prev_flat_grad, state.prev_loss = gradient:clone(), loss
      local before = loss
      state.t = state.n_iter == 1 and math.min(1, 1 / gradient:abs():sum():item()) * lr or lr
      local slope = gradient:dot(state.d):item()
      if slope > -g.tolerance_change then break end
      local made = 0
      if g.line_search_fn then
        local origin = {}
        for i, x in ipairs(real) do origin[i] = x:clone() end
        loss, gradient, state.t, made = line_search(function(t)
          move(t, state.d)
          local f, gradient_there = evaluate()
          torch._foreach_copy_(real, origin)
          return f, gradient_there, gradient_there:dot(state.d):item()
        end, state.t, loss, gradient, slope,
          { largest = largest(state.d), tolerance_change = g.tolerance_change, max_evals = g.max_eval - evals })
        move(state.t, state.d)
        optimal = largest(gradient) <= g.tolerance_grad
      else
        move(state.t, state.d)
        if iteration ~= g.max_iter then -- the last gradient would be of no use to a stochastic loss
          loss, gradient = evaluate()
          optimal, made = largest(gradient) <= g.tolerance_grad, 1
        end
      end
      evals = evals + made
      state.func_evals = state.func_evals + made
      if evals >= g.max_eval or optimal then break end
      if largest(state.d) * math.abs(state.t) <= g.tolerance_change or math.abs(loss - before) < g.tolerance_change then
        break
      end
    end
  end)
  keep(state)
  return first
end

return optimizer.class("LBFGS", {
  { "lr", 1 }, { "max_iter", 20 }, { "max_eval" }, { "tolerance_grad", 1e-7 }, { "tolerance_change", 1e-9 },
  { "history_size", 100 }, { "line_search_fn" },
}, LBFGS)
