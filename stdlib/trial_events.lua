--- What a trial tells the pool that started it while it trains, and what it is told (pool.lua): its readings, and at a
-- rung whether it goes on.
local trial_events = {}

--- What train.run calls after each epoch.
-- @param rungs "2,6,18": epochs after which the trial says so and waits for a line: "go"; "stop", it ends there,
-- pruned;
--   "pause" or the end of the input, it is saved and leaves
function trial_events.after_epoch(rungs)
  local is_rung = {}
  for rung in rungs:gmatch "%d+" do is_rung[tonumber(rung)] = true end
  return function(state)
    local record = state.course[#state.course]
    if record and record.epoch == state.epoch then
      for key, value in pairs(record) do
        if key:find(".", 1, true) and type(value) == "number" then
          io.stdout:write(("reading\t%d\t%s\t%.17g\n"):format(state.epoch, key, value))
        end
      end
      io.stdout:flush()
    end
    if not is_rung[state.epoch] or state.stop or state.diverged or state.epoch >= state.epochs then return end
    io.stdout:write(("rung\t%d\n"):format(state.epoch))
    io.stdout:flush()
    local word = io.read "*l"
    if word == "go" then return end
    if word == "stop" then
      state.pruned, state.stop = true, ("pruned at epoch %d"):format(state.epoch)
    else
      state.interrupted, state.stop = true, "paused"
    end
  end
end

return trial_events
