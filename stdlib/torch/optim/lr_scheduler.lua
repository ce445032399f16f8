--- torch.optim.lr_scheduler: PyTorch's schedules by their names; NAME(optimizer, options), then :step().
-- @usage local o = torch.optim.SGD { torch.ones(1, { requires_grad = true }) }; torch.optim.lr_scheduler.StepLR(o, 30)
local scheduler = require "torch.optim.schedule.scheduler"
local lr_scheduler = { LRScheduler = scheduler.Scheduler, class = scheduler.class }

for _, file in ipairs { "simple", "cycles", "plateau", "compose" } do
  for name, class in pairs(require("torch.optim.schedule." .. file)) do
    if type(class) == "table" then
      lr_scheduler[name] = class
      getmetatable(class).__help = function()
        return require "torch.optim.describe".schedule(name, class.signature, "torch.optim.schedule." .. file)
      end
    end
  end
end

return setmetatable(lr_scheduler, {
  __help = function()
    local names = {}
    for name in pairs(lr_scheduler) do names[#names + 1] = name end
    table.sort(names)
    return "torch.optim.lr_scheduler: schedules; help(torch.optim.lr_scheduler.StepLR) shows options and defaults.\n  "
      .. table.concat(names, " ")
  end,
})
