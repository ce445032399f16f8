--- torch.optim.lr_scheduler: PyTorch's schedules by their names; NAME(optimizer, options), then :step() an epoch or step.
-- @usage local s = torch.optim.lr_scheduler.StepLR(torch.optim.SGD({ torch.ones(1, { requires_grad = true }) }), 30, 0.1)
local lr_scheduler = { LRScheduler = require "torch.optim.schedule.scheduler".Scheduler }

for _, file in ipairs { "simple", "cycles", "plateau", "compose" } do
  for name, class in pairs(require("torch.optim.schedule." .. file)) do
    if type(class) == "table" then lr_scheduler[name] = class end
  end
end

return lr_scheduler
