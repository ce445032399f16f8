--- What each thread of parallel.map runs: takes tasks { index, item, seed, results } until there is none, and pushes
-- { index, done, result } for each; where it is not done, the result is the error's text.
local host, rng = require "host.worker", require "host.rng"

return function(code, tasks, with)
  local call = host.load(code)
  for task in tasks:each() do
    local function work()
      local result = call(task.item, task.index, with)
      task.results:push { index = task.index, done = true, result = result }
    end
    host.reseed(rng.derive_seed(task.seed, "item", task.index))
    local done, message = xpcall(work, host.traceback)
    if not done then task.results:push { index = task.index, done = false, result = message } end
  end
end
