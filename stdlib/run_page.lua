--- What is told of one run: where it comes from, what it reached, what lies in its folder.
local liveness = require "liveness"
local run_columns = require "run_columns"
local system = require "host.system"

local run_page = {}

--- "3 s", "12 min", "5 h", "2 days": how long something took or is ago.
function run_page.span(seconds)
  local units = { { 86400 * 2, 86400, "days" }, { 5400, 3600, "h" }, { 90, 60, "min" }, { -math.huge, 1, "s" } }
  for _, unit in ipairs(units) do
    if seconds >= unit[1] then
      local amount = seconds / unit[2]
      return ((amount < 10 and unit[2] > 1 and "%.1f" or "%.0f"):format(amount):gsub("%.0$", "")) .. " " .. unit[3]
    end
  end
end

local function when(meta, lasting)
  if type(meta.started) ~= "number" then return nil end
  local ago = system.time() - meta.started
  local date = os.date("%Y-%m-%d %H:%M:%S", meta.started)
  return ago >= 0 and not lasting and ("%s (%s ago)"):format(date, run_page.span(ago)) or date
end

local function git(meta)
  local found = meta.git
  if type(found) ~= "table" then return nil end
  local text = found.commit:sub(1, 12)
  if found.changed == 0 then return text end
  if not found.changed then return text end
  return ("%s and %d changed file%s%s"):format(text, found.changed, found.changed == 1 and "" or "s",
    found.too_large and (" (a patch of %.1f MB, not kept)"):format(found.too_large / 1e6) or ", changes.patch")
end

local function joined(map)
  local parts = {}
  for key, value in pairs(type(map) == "table" and map or {}) do
    local text = tostring(value):gsub("^(%x%x%x%x%x%x%x%x%x%x%x%x)%x+$", "%1"):gsub("^LuaJIT ", "")
    parts[#parts + 1] = key .. " " .. text
  end
  table.sort(parts)
  return #parts > 0 and table.concat(parts, ", ") or nil
end

--- Facts of a run as { name, text } in the order in which they are told; those that are not known are left out.
-- @param run an open run (host.run)
-- @param record the last record of its metrics
-- @param lasting for a page that is read later: nothing that is told from now on
function run_page.facts(run, record, lasting)
  local meta, list = run:meta(), {}
  local function add(name, text)
    local plain = type(text) == "string" or type(text) == "number"
    if plain and text ~= "" then list[#list + 1] = { name, tostring(text) } end
  end
  local status = liveness.status(run)
  add("run", run:id())
  add("status", status .. (meta.smoke and ", smoke: the numbers mean nothing" or ""))
  add("script", meta.script)
  add("overrides", type(meta.overrides) == "table" and table.concat(meta.overrides, " "))
  add("seed", meta.seed)
  add("tag", meta.tag)
  add("sweep", meta.sweep)
  local step = type(meta.parent_step) == "number" and (", step %d"):format(meta.parent_step) or ""
  add("parent", type(meta.parent) == "string" and meta.parent .. step)
  add("started", when(meta, lasting))
  if record.step then
    add("trained", ("%sstep %d, %s"):format(record.epoch and ("epoch %d, "):format(record.epoch) or "", record.step,
      record.seconds and run_page.span(record.seconds) or "?"))
  end
  add("resumed", type(meta.resumed) == "table" and #meta.resumed > 0 and ("%d time%s"):format(#meta.resumed,
    #meta.resumed == 1 and "" or "s"))
  add("host", type(meta.host) == "string" and meta.host .. (meta.device and ", " .. tostring(meta.device) or ""))
  add("commit", git(meta))
  add("versions", joined(meta.versions))
  add("data", joined(meta.data))
  add("config", type(meta.config_hash) == "string" and meta.config_hash:sub(1, 12))
  add("folder", run:path())
  return list
end

--- Parameters of the script as { name, text }, sorted.
function run_page.params(meta)
  local list = {}
  for name, value in pairs(type(meta.params) == "table" and meta.params or {}) do
    local plain = type(name) == "string" and type(value) ~= "table"
    if plain then list[#list + 1] = { name, run_columns.plain(value) } end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local bookkeeping = { epoch = true, step = true, seconds = true, samples = true }

--- The last metrics as { key, number or nil }: in the order of measuring where the run was evaluated after training.
function run_page.metrics(record)
  local list = {}
  for _, key in ipairs(type(record.final_keys) == "table" and record.final_keys or {}) do
    if type(key) == "string" then list[#list + 1] = { key, type(record[key]) == "number" and record[key] or nil } end
  end
  if #list > 0 then return list end
  for key, value in pairs(record) do
    local metric = type(value) == "number" and type(key) == "string" and not bookkeeping[key]
    if metric then list[#list + 1] = { key, value } end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

--- Names of the files that its reports and plots left, sorted.
function run_page.artifacts(run)
  local folder = run:path() .. "/artifacts"
  local list = system.stat(folder) and system.list(folder) or {}
  table.sort(list)
  return list
end

return run_page
