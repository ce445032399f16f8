--- What becomes of a piece of work when its process has ended: done, tried again, failed, paused or pruned.
local ablation = require "ablation"
local memory = require "sweep.memory"
local progress = require "progress"
local system = require "host.system"

local ending = {}

-- Codes of a trial that would end the same way again: a wrong script, a diverged training.
local final = { [2] = true, [3] = true }

local function out_of_memory(self, result)
  if result.code == 4 then return true end
  for _, words in ipairs { "out of memory", "not enough memory", "std::bad_alloc" } do
    if (result.errors or ""):find(words, 1, true) then return true end
  end
  -- killed by the system, which counts these
  local kills = memory.kills()
  local killed = result.code == 137 and kills > (self.oom_kills or kills)
  self.oom_kills = kills
  return killed
end

local function refused(result)
  local text = result.errors or ""
  return text:find("No space left on device", 1, true) or text:find("Read-only file system", 1, true)
    or text:find("Disk quota exceeded", 1, true)
end

local function fail(self, work, result, reason)
  work.state, work.code, work.reason = "failed", result.code, reason
  self.journal:write("failed", work.hash, result.code, reason)
  self:say(work, ("failed (exit code %d): %s"):format(result.code, reason), result.seconds)
end

-- Starts it again after a moment: what made it fail may need one to pass.
local function again(self, work, text)
  work.state, work.later = "open", system.clock() + math.min(10, 0.5 * 2 ^ work.crashes)
  self:say(work, text)
end

local function halve(self, work, result)
  local batch = work.batch or work.trial.batch
  local half = batch and math.floor(batch / 2) or 0
  if self.options.retry.oom ~= "halve_batch" or half < 1 then
    return fail(self, work, result, "out of memory" .. (self.options.retry.oom == "halve_batch"
      and (batch and (" with a batch of %d"):format(batch) or "; its data has no batch to halve") or ""))
  end
  work.batch = half
  self.journal:write("halved", work.hash, half)
  again(self, work, ("out of memory with a batch of %d; again with %d, marked and in no mean"):format(batch, half))
end

-- "killed by KILL", or the last line of what it wrote.
local function said(result)
  if result.code > 128 and not (result.reason and result.reason:find "%S" and result.reason ~= "no message") then
    local names = { [137] = "KILL", [143] = "TERM", [139] = "SEGV", [134] = "ABRT", [130] = "INT", [135] = "BUS" }
    return "killed by a signal" .. (names[result.code] and " (" .. names[result.code] .. ")" or "")
  end
  return result.reason
end

--- @param self the coordinator
-- @param work the piece of work whose process has ended
-- @param result of the pool
function ending.of(self, work, result)
  local stopping, resumed = self.pool.stopped, work.unfinished ~= nil
  -- what was interrupted or killed goes on where it stands; once, if that does not work
  local goes_on = (result.code == 75 or result.code > 128) and not work.batch
  work.unfinished = goes_on and (result.began or work.unfinished) or nil
  if result.answered == "stop" and result.code == 0 then
    work.state = "pruned"
    self.journal:write("pruned", work.hash, work.epoch, result.run or "")
    self:say(work, ("pruned at epoch %d"):format(work.epoch), result.seconds)
  elseif result.answered == "pause" and result.code == 75 then
    work.state = "paused"
    self.journal:write("paused", work.hash, work.epoch)
  elseif result.code == 0 then
    work.state, work.run, work.metrics = "done", result.run, result.metrics
    self.journal:write("done", work.hash, result.run)
    local brief = ablation.brief(result.metrics, self.plan.args.metrics)
    self:say(work, brief .. (work.batch and ("  (batch halved to %d)"):format(work.batch) or ""), result.seconds)
  elseif result.late then
    fail(self, work, result, "stopped after " .. progress.duration(self.options.timeout))
  elseif stopping then
    work.state = "open"
  elseif result.code == 2 then
    self.fatal = result
    self.pool.stop "wrong"
    fail(self, work, result, "its script is wrong")
  elseif refused(result) then -- and would refuse the next one
    work.state = "open"
    self:say(work, result.reason)
    self.pool.stop "refused"
  elseif out_of_memory(self, result) then
    halve(self, work, result)
  elseif resumed and result.code == 1 then
    again(self, work, ("cannot go on (%s); started anew"):format(said(result)))
  elseif final[result.code] or work.crashes >= self.options.retry.crash then
    fail(self, work, result, said(result))
  else
    work.crashes = work.crashes + 1
    again(self, work, ("ended with exit code %d (%s); started again"):format(result.code, said(result)))
  end
end

return ending
