--- torch.optim.lr_scheduler: PyTorch's schedules by their names; NAME(optimizer, options), then :step().
-- @usage local o = torch.optim.SGD { torch.ones(1, { requires_grad = true }) }; torch.optim.lr_scheduler.StepLR(o, 30)
local lr_scheduler = { LRScheduler = require "torch.optim.schedule.scheduler".Scheduler }

for _, file in ipairs { "simple", "cycles", "plateau", "compose" } do
  for name, class in pairs(require("torch.optim.schedule." .. file)) do
    if type(class) == "table" then lr_scheduler[name] = class end
  end
end

return lr_scheduler
