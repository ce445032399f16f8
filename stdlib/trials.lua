--- A list of trials side by side (pool.lua): started in the order given; results stand at the place of their trial,
-- whatever ended first.
local pool = require "pool"
local trial_process = require "trial_process"

local trials = {}

--- Runs trials, at most `jobs` at a time.
-- @param list of { label = text, command = { program, argument... } }
-- @param options { jobs = n, threads = of each trial, write = function(text), live = boolean, width = columns,
--   vectorize = "off" where no trials are to be trained together (trial_process.expect),
--   done = function(result) text to show for a finished trial, fatal = exit code after which no trial makes sense }
-- @return list of { code, metrics, run, seconds, reason, errors } in the order of `list`; and, where they did not all
--   run, "interrupted" or the result that was fatal
function trials.run(list, options)
  local results, next_item, fatal = {}, 1, nil
  local queue = {}
  function queue.open() return next_item <= #list end
  function queue.take()
    local item = list[next_item]
    if item then
      item.place, next_item = next_item, next_item + 1
      return item
    end
  end
  function queue:ended(job, result)
    results[job.item.place] = result
    if not fatal or result.code == 0 then self.pool.view:say(options.done(result)) end
    if result.code == options.fatal and not fatal then
      fatal = result
      self.pool.stop(result)
    end
  end
  trial_process.expect(list, options)
  local stopped = pool.run(queue, options)
  trial_process.close()
  return results, stopped
end

return trials
