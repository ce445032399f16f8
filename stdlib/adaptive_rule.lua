--- The step of Adam and AdamW: one fused call over all parameters of a group.
local optimizer = require "optimizer"

--- @param fused torch._fused_adam_ or torch._fused_adamw_
return function(fused)
  local rule = {}

  function rule.start(parameter)
    return { exp_avg = torch.zeros_like(parameter), exp_avg_sq = torch.zeros_like(parameter),
             step = torch.zeros({}, { device = parameter.device }) }
  end

  function rule.step(parameters, grads, states, o, group)
    local steps = optimizer.column(states, "step")
    torch._foreach_add_(steps, 1)
    fused(parameters, grads, optimizer.column(states, "exp_avg"), optimizer.column(states, "exp_avg_sq"), {}, steps, {
      lr = group.lr, beta1 = o.betas[1], beta2 = o.betas[2], weight_decay = o.weight_decay, eps = o.eps,
      amsgrad = false, maximize = false,
    })
  end

  return rule
end
