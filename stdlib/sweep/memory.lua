--- How many trials fit into memory, from what those that ran have held (the peak of their process).
local memory = {}

local Memory = {}
Memory.__index = Memory

local function number_in(path, pattern)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "*a" or ""
  file:close()
  return tonumber(text:match(pattern))
end

--- Bytes that are free now: of the machine, and of the control group where that has a limit.
function memory.available()
  local free = (number_in("/proc/meminfo", "MemAvailable:%s*(%d+) kB") or 0) * 1024
  local most = number_in("/sys/fs/cgroup/memory.max", "^(%d+)")
  if most then free = math.min(free, most - (number_in("/sys/fs/cgroup/memory.current", "^(%d+)") or 0)) end
  return free > 0 and free or math.huge
end

--- Processes that the system has killed for memory since it started.
function memory.kills() return number_in("/proc/vmstat", "oom_kill (%d+)") or 0 end

--- @param wish "auto" (nine tenths of what is free now), "any" (no limit) or GiB
function memory.new(wish)
  local limit = wish == "any" and math.huge or wish == "auto" and 0.9 * memory.available() or wish * 2 ^ 30
  return setmetatable({ limit = limit, peaks = {}, largest = nil }, Memory)
end

--- A trial of a cell has held so many bytes.
function Memory:saw(cell, bytes)
  if bytes <= 0 then return end
  self.peaks[cell] = math.max(self.peaks[cell] or 0, bytes)
  self.largest = math.max(self.largest or 0, bytes)
end

-- Seconds after which what a running trial holds says how much another will, and the room that is left above that.
local SETTLED, MARGIN = 3, 1.5

--- What a trial of a cell is expected to hold: as those of its cell did, else the largest of any that ended, else a
-- half more than the largest that has run for a while; half of the limit where nothing is known, so that two begin.
function Memory:expects(cell, there)
  local known = self.peaks[cell] or self.largest
  if known then return known end
  local seen = 0
  for _, other in ipairs(there) do
    if (other.age or 0) > SETTLED then seen = math.max(seen, other.peak) end
  end
  return seen > 0 and MARGIN * seen or self.limit / 2
end

--- Does one more of this cell fit beside the trials there are? Where none of them works, one always does.
-- @param there list of { cell, peak, age = seconds, resting = true where it waits at a rung }
function Memory:fits(cell, there)
  if self.limit == math.huge then return true end
  local sum, working = self:expects(cell, there), false
  for _, other in ipairs(there) do
    sum = sum + (other.resting and other.peak or math.max(other.peak, self:expects(other.cell, there)))
    working = working or not other.resting
  end
  return not working or sum <= self.limit
end

return memory
