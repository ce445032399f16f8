--- The journal of a sweep: a file that is only appended to, one line an event, fields separated by tabs: seconds since
-- 1970, the event, what it is about, more. Several coordinators may write it: a line is one write.
--
--     open HOST PID               a coordinator begins        fresh                 what stands above counts no more
--     start HASH MARK...          a trial's process           done HASH RUN         finished HASH's run
--     failed HASH CODE REASON     pruned HASH EPOCH RUN       halved HASH BATCH     out of memory: on with this batch
--     paused HASH EPOCH           reading HASH EPOCH VALUE    verdict RULE CELL EPOCH WORD
--     point GROUP INDEX VALUES... drawn by a search that learns
local system = require "host.system"

local Journal = {}
Journal.__index = Journal

local journal = {}

local function escape(text) return (tostring(text):gsub("[%c]", " ")) end

--- Opens DIRECTORY/journal.log; a line that a crash tore is ended, so that it spoils no other.
function journal.open(directory)
  local self = setmetatable({ path = directory .. "/journal.log", offset = 0 }, Journal)
  local file = io.open(self.path, "rb")
  if file then
    local size = file:seek "end"
    if size > 0 then
      file:seek("set", size - 1)
      if file:read(1) ~= "\n" then assert(system.append(self.path, "\n")) end
    end
    file:close()
  end
  return self
end

--- Writes one event.
function Journal:write(event, ...)
  local parts = { ("%.3f"):format(system.time()), event }
  for i = 1, select("#", ...) do parts[#parts + 1] = escape((select(i, ...))) end
  local written, problem = system.append(self.path, table.concat(parts, "\t") .. "\n")
  if not written then error(problem, 0) end
end

--- The events since the last call, in order: list of { time, event, ... }. Lines that are none are left out.
function Journal:read()
  local file = io.open(self.path, "rb")
  if not file then return {} end
  file:seek("set", self.offset)
  local text = file:read "*a" or ""
  file:close()
  local complete = text:match "^.*\n" or ""
  self.offset = self.offset + #complete
  local events = {}
  for line in complete:gmatch "([^\n]*)\n" do
    local fields = {}
    for field in (line .. "\t"):gmatch "([^\t]*)\t" do fields[#fields + 1] = field end
    if tonumber(fields[1]) and fields[2] then events[#events + 1] = fields end
  end
  return events
end

return journal
