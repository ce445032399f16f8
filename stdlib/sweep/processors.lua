--- The machine's processors, shared among trials that run at the same time.
local system = require "host.system"

local processors = {}

--- Threads of each of so many trials; $OMP_NUM_THREADS where that is less.
function processors.threads(jobs)
  local wish = tonumber(os.getenv "OMP_NUM_THREADS" or "") or math.huge
  return math.max(1, math.min(wish, math.floor(system.cpu_count() / jobs)))
end

-- The numbers of the processors that this process may use.
local function allowed()
  local all = {}
  local file = io.open "/proc/self/status"
  local list = file and file:read "*a":match "Cpus_allowed_list:%s*(%S+)" or ""
  if file then file:close() end
  for part in list:gmatch "[^,]+" do
    local first, last = part:match "^(%d+)%-?(%d*)$"
    for cpu = tonumber(first), tonumber(last ~= "" and last or first) do all[#all + 1] = cpu end
  end
  return all
end

--- Slots of `jobs` trials, each some processors of its own as taskset takes them ("0,1"); none where there are not
-- enough.
function processors.slots(jobs)
  local all, slots = allowed(), {}
  local each = math.floor(#all / jobs)
  if each < 1 then return {} end
  for i = 1, jobs do slots[i] = table.concat(all, ",", (i - 1) * each + 1, i * each) end
  return slots
end

--- Gives a trial, before it starts, the processors of a slot that no running one has.
-- @param running list of jobs of the pool
-- @param item { command, ... }
function processors.pin(slots, running, item)
  local used = {}
  for _, job in ipairs(running) do used[job.item.slot or 0] = true end
  for i, list in ipairs(slots) do
    if not used[i] then
      item.slot, item.command = i, { "taskset", "-c", list, unpack(item.command) }
      break
    end
  end
  return item
end

return processors
