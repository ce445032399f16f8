--- When a training writes down where it is: `train = { checkpoint_every = ... }`.
--
--     nothing      at the end of an epoch, where the last time is 10 s back, and fifty times what writing took; within
--                  an epoch after ten minutes. So a short training writes nothing on its way
--     "epoch"      at the end of every epoch
--     "10m"        after an update of the weights, where the last time is that long ago
--     500          after every 500th step (counted over the run) or, in accumulation, the first update after it
--     "never"      only where it is interrupted
--
-- What cannot be written (a full disk) ends no training: it is said once, and tried again the next time.
local schema = require "schema"
local system = require "host.system"

local saving = {}
saving.__index = saving

local SHORT, LONG, SHARE = 10, 600, 50

--- @param every what the script says, or nil
-- @param write function(state) that writes a checkpoint; raises where it cannot
-- @param warn function(text)
function saving.new(every, write, warn)
  local self = setmetatable({ every = every, write = write, warn = warn, last = system.clock(), cost = 0 }, saving)
  if type(every) == "string" and every ~= "epoch" and every ~= "never" then self.seconds = schema.seconds(every) end
  return self
end

--- Writes, unless the loss is no number any more. true, or false and why not.
function saving:now(state)
  local before = system.clock()
  if not state.finite() then return false, state.stop end
  local done, problem = pcall(self.write, state)
  self.last = system.clock()
  self.cost, self.step = self.last - before, state.step
  if done then
    self.failed = nil
    return true
  end
  local text = tostring(problem):match "^[^\n]*":gsub("^[^\n:]-%.lua:%d+: ", ""):gsub("; an older file.*$", "")
  if not self.failed then
    self.warn(("no checkpoint at step %d: %s; it is tried again later"):format(state.step, text))
  end
  self.failed = text
  return false, self.failed
end

--- After an update of the weights that is not the last one of its epoch.
function saving:after_update(state)
  local since, due = system.clock() - self.last, nil
  if type(self.every) == "number" then
    due = math.floor(state.step / self.every) > math.floor((self.step or state.first or 0) / self.every)
  elseif self.seconds then
    due = since >= self.seconds
  elseif not self.every then
    due = since >= math.max(LONG, SHARE * self.cost)
  end
  if due then self:now(state) end
end

--- After an epoch was evaluated; `last`: training is over.
function saving:after_epoch(state, last)
  local since = system.clock() - self.last
  if self.every == "never" then return end
  if last and (self.every or state:elapsed() >= SHORT) then return self:now(state) end
  if self.every == "epoch" then return self:now(state) end
  if self.every then return self:after_update(state) end
  if since >= math.max(SHORT, SHARE * self.cost) then self:now(state) end
end

return saving
