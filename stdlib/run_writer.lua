--- What a training writes into its run: metrics, events, checkpoints, weights. A place that cannot be written ends no
-- training: metrics wait in memory and go with the next ones, and a person is told once.
local checkpoint = require "checkpoint"
local event_log = require "event_log"
local system = require "host.system"
local training_state = require "training_state"

local run_writer = {}
run_writer.__index = run_writer

run_writer.state_file = "ckpt/state.pt"

-- What a file system said, without the place in our own files.
local function reason(problem) return (tostring(problem):match "^[^\n]*":gsub("^[^\n:]-%.lua:%d+: ", "")) end

--- @param run of host.run
-- @param module of the model
-- @param warn function(text)
function run_writer.new(run, module, warn)
  local self = setmetatable({ run = run, module = module, waiting = {}, warn = warn }, run_writer)
  local done, events = pcall(event_log.open, run, run:meta().started)
  self.events = done and events or nil -- a convenience: training goes on without
  return self
end

--- Writes what waits. Errors: the system's reason.
function run_writer:flush()
  while self.waiting[1] do
    local record = self.waiting[1]
    self.run:add_metrics(record)
    table.remove(self.waiting, 1)
    if self.events and not pcall(self.events.add, self.events, record) then self.events = nil end
  end
end

--- A record of metrics.
function run_writer:metrics(record)
  self.waiting[#self.waiting + 1] = record
  local done, problem = pcall(self.flush, self)
  if not done and not self.told then
    self.told = true
    self.warn(("%s; the metrics are kept in memory and written later"):format(reason(problem)))
  elseif done then
    self.told = false
  end
end

--- A checkpoint of a training. Errors: the system's reason; the one before is as it was.
function run_writer:save(state)
  scope(function() torch.save(training_state.take(state), self.run:place(run_writer.state_file)) end)
end

--- The model's weights as they are now. Errors: the system's reason.
function run_writer:weights(name)
  checkpoint.save(self.run:place("ckpt/" .. name .. ".safetensors"), self.module:state_dict())
end

--- The best weights so far: on the disk, or in memory where that takes none.
function run_writer:keep_best()
  local done, problem = pcall(self.weights, self, "best")
  if done then
    self.best = nil
    return
  end
  self.warn(("the best weights are kept in memory alone: %s"):format(reason(problem)))
  self.best = {}
  for name, tensor in self.module:state_dict() do self.best[name] = keep(tensor:detach():clone()) end
end

function run_writer:restore_best()
  self.module:load_state_dict(self.best or checkpoint.load(self.run:place "ckpt/best.safetensors"))
end

--- The checkpoint of a run, or nil where it has none; its tensors are in main memory, wherever they were. Errors: it
-- cannot be read.
function run_writer.saved(run)
  local file = run:path() .. "/" .. run_writer.state_file
  if not system.stat(file) then return nil end
  local saved = torch.load(file, { map_location = "cpu" })
  local problem = training_state.problem(saved)
  if problem then error(file .. ": " .. problem, 0) end
  return saved
end

--- Removes the checkpoint of a run that keeps none.
function run_writer.forget(run) system.remove(run:path() .. "/" .. run_writer.state_file) end

return run_writer
