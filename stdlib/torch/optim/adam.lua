--- Adam (Kingma and Ba 2015): weight decay joins the gradient, unless it is decoupled.
return require "torch.optim.optimizer".class("Adam", {
  { "lr", 1e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "weight_decay", 0 }, { "amsgrad", false },
  { "foreach" }, { "maximize", false }, { "capturable", false }, { "differentiable", false }, { "fused" },
  { "decoupled_weight_decay", false },
}, require "torch.optim.adaptive" "_fused_adam_")
