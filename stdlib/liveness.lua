--- Whether the process that writes a run is still there. A process that was killed, or whose machine went down, cannot
-- write that down itself: its run says "running" for ever. So a run keeps which process it is, by number and by the
-- moment it began (a number is given out again), on which boot of which machine.
local system = require "host.system"

local liveness = {}

local function line_of(path)
  local file = io.open(path)
  if not file then return nil end
  local line = file:read "*l"
  file:close()
  return line
end

-- When a process began, in ticks since the machine's start: field 22 of its stat, counted behind the name in brackets,
-- which may hold anything. nil where there is no such process; "Z" and "X" are dead ones that nobody has buried.
local function began(pid)
  local stat = line_of(("/proc/%d/stat"):format(pid))
  local fields = {}
  for field in (stat and stat:match "^.*%)%s+(.*)$" or ""):gmatch "%S+" do fields[#fields + 1] = field end
  if not fields[20] or fields[1] == "Z" or fields[1] == "X" then return nil end
  return fields[20]
end

--- A process, this one where none is named: { pid, began, boot, host }; without `began` and `boot` where the system does
-- not tell them.
function liveness.mark(pid)
  pid = pid or system.pid()
  return { pid = pid, began = began(pid), boot = line_of "/proc/sys/kernel/random/boot_id", host = system.hostname() }
end

--- Is the process of a mark gone? false also where that cannot be known: another machine, no mark.
function liveness.gone(mark)
  if type(mark) ~= "table" or not (mark.began and mark.boot) or mark.host ~= system.hostname() then return false end
  return mark.boot ~= line_of "/proc/sys/kernel/random/boot_id" or began(mark.pid) ~= mark.began
end

--- What is to be said of a run: its status; "killed" where it says "running" and its process is gone.
function liveness.status(run)
  local status = run:status()
  return status == "running" and liveness.gone(run:meta().process) and "killed" or status
end

return liveness
