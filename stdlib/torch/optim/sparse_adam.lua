--- SparseAdam: Adam that touches only what a sparse gradient names ("lazy").
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local SparseAdam = { sparse = "only", counts_numbers = true }

function SparseAdam.check(o, who)
  batch.check(o, who)
  batch.require(o.eps > 0, who, "Invalid epsilon value", o.eps)
  batch.require(batch.rate(o.lr) > 0, who, "Invalid learning rate", batch.rate(o.lr))
end

function SparseAdam:joined(g)
  for i, parameter in ipairs(g.params) do
    local at = ("[[%d, %d]]"):format(#self.param_groups - 1, i - 1)
    batch.require(parameter.layout == "strided", self.name,
      "Sparse params at indices " .. at .. ": SparseAdam requires dense parameter tensors")
    batch.require(not parameter:is_complex(), self.name,
      "Complex params at indices " .. at .. ": SparseAdam does not support complex parameters")
  end
end

function SparseAdam:start(parameter)
  return { step = 0, exp_avg = torch.zeros_like(parameter), exp_avg_sq = torch.zeros_like(parameter) }
end

function SparseAdam:update(part, g)
  local beta1, beta2 = g.betas[1], g.betas[2]
  for i, parameter in ipairs(part.params) do
    local state = part.states[i]
    state.step = state.step + 1
    local grad = part.grads[i]:coalesce()
    local indices, values = grad:_indices(), grad:_values()
    if values:numel() > 0 then
      local function sparse(v) return torch.sparse_coo_tensor(indices, v, grad.shape, { is_coalesced = true }) end
      local mean = state.exp_avg:sparse_mask(grad):_values()
      local change = values:sub(mean):mul_(1 - beta1)
      state.exp_avg:add_(sparse(change))
      local square = state.exp_avg_sq:sparse_mask(grad):_values()
      local change_sq = values:pow(2):sub_(square):mul_(1 - beta2)
      state.exp_avg_sq:add_(sparse(change_sq))
      local root = change_sq:add(square):sqrt_():add_(g.eps)
      local size = batch.rate(g.lr * math.sqrt(1 - beta2 ^ state.step) / (1 - beta1 ^ state.step))
      parameter:add_(sparse(change:add(mean):div_(root):mul_(-size)))
    end
  end
end

return optimizer.class("SparseAdam", {
  { "lr", 1e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "maximize", false },
}, SparseAdam)
