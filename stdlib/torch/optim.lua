--- torch.optim: PyTorch's optimizers by their names, with its options, defaults, numbers and state dicts.
--     local o = torch.optim.AdamW(model:parameters(), { lr = 3e-4 })
--     o:zero_grad(); loss:backward(); o:step()
-- torch.optim.lr_scheduler holds the schedules, torch.optim.swa_utils averages of weights.
local optimizer = require "torch.optim.optimizer"
local nearest = require "language.nearest"

local files = {
  SGD = "sgd", Adam = "adam", AdamW = "adamw", RMSprop = "rmsprop", Adagrad = "adagrad", Adadelta = "adadelta",
  Adamax = "adamax", NAdam = "nadam", RAdam = "radam", ASGD = "asgd", Rprop = "rprop", LBFGS = "lbfgs",
  SparseAdam = "sparse_adam", Adafactor = "adafactor", Muon = "muon", lr_scheduler = "lr_scheduler",
  swa_utils = "swa_utils",
}

local optim = { Optimizer = optimizer.Optimizer, class = optimizer.class, optimizer = optimizer,
                register_optimizer_step_pre_hook = optimizer.register_optimizer_step_pre_hook,
                register_optimizer_step_post_hook = optimizer.register_optimizer_step_post_hook }

return setmetatable(optim, {
  __index = function(self, name)
    if not files[name] then
      local names = {}
      for known in pairs(files) do names[#names + 1] = known end
      table.sort(names)
      error(("torch.optim has no '%s'%s (%s)"):format(tostring(name), nearest.did_you_mean(tostring(name), names),
        table.concat(names, ", ")), 2)
    end
    local module = "torch.optim." .. files[name]
    local value = require(module)
    rawset(self, name, value)
    if value.fields then
      getmetatable(value).__help = function() return require "torch.optim.describe".optimizer(value, module) end
    end
    return value
  end,
  __help = function()
    local names = {}
    for known in pairs(files) do names[#names + 1] = known end
    table.sort(names)
    return "torch.optim: PyTorch's optimizers and schedules. help(torch.optim.AdamW) shows options and defaults.\n  "
      .. table.concat(names, " ")
  end,
  __names = function()
    local names = {}
    for known in pairs(files) do names[#names + 1] = known end
    return names
  end,
})
