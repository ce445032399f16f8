--- AdamW (Loshchilov and Hutter 2019): weights decay by themselves, apart from the gradient.
local methods = require "torch.optim.adaptive" "_fused_adamw_"

-- A group that says otherwise, as a state written by Adam would, stays AdamW's.
function methods:joined(group) group.decoupled_weight_decay = true end
methods.loaded = methods.joined

return require "torch.optim.optimizer".class("AdamW", {
  { "lr", 1e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "weight_decay", 1e-2 }, { "amsgrad", false },
  { "maximize", false }, { "foreach" }, { "capturable", false }, { "differentiable", false }, { "fused" },
}, methods)
