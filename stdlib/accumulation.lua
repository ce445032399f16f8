--- Which batches make one update: `train = { accumulate = n }` adds up the gradients of n batches, each divided by n.
-- The last update of an epoch, or of a run with a limit of steps, takes the batches that are left and divides by
-- their number.
local accumulation = {}
accumulation.__index = accumulation

function accumulation.new() return setmetatable({ left = 0, size = 1 }, accumulation) end

--- Called once a batch, before its forward pass.
-- @param state of training: accumulate (nil: 1), epoch, step, loaders, steps
function accumulation:next(state)
  local n = state.accumulate or 1
  if self.epoch ~= state.epoch then self.epoch, self.seen = state.epoch, 0 end
  self.seen = (self.seen or 0) + 1
  self.first = self.left == 0
  if self.first then
    self.size = n
    if n > 1 and state.loaders then self.size = math.min(n, state.loaders.train:batches() - self.seen + 1) end
    if n > 1 and state.steps then self.size = math.min(self.size, state.steps - state.step + 1) end
    self.left = self.size
  end
  self.left = self.left - 1
  self.last = self.left == 0
end

--- Goes on within an epoch after the batches seen of it, none of which waits for others.
function accumulation:at(epoch, seen) self.epoch, self.seen, self.left = epoch, seen, 0 end

--- Updates of a run: @param batches an epoch, epochs, steps = a limit of batches over the run or nil, n a update.
function accumulation.updates(batches, epochs, steps, n)
  local all = batches * epochs
  if steps then all = math.min(all, steps) end
  return math.floor(all / batches) * math.ceil(batches / n) + math.ceil(all % batches / n)
end

return accumulation
