--- torch.profiler: where the time and the memory of a piece of script go. prof(f) is the short form.
--
-- An operator costs 1 to 2 microseconds more while a profile is recorded, with shapes too; nothing otherwise.
local torch = require "torch"
local host = require "host.profiler"
local signature = require "torch.signature"

local profiler = {}

local Profile = {}
Profile.__index = Profile

local function time(seconds)
  if seconds >= 100 then return ("%.0f s"):format(seconds) end
  if seconds >= 1 then return ("%.2f s"):format(seconds) end
  if seconds >= 1e-3 then return ("%.2f ms"):format(seconds * 1e3) end
  return ("%.1f us"):format(seconds * 1e6)
end

local function bytes(count)
  if count == 0 then return "" end
  for _, unit in ipairs { { 2 ^ 30, "GB" }, { 2 ^ 20, "MB" }, { 2 ^ 10, "KB" } } do
    if count >= unit[1] then return ("%.1f %s"):format(count / unit[1], unit[2]) end
  end
  return count .. " B"
end

local function cut(text, width)
  if #text <= width then return text end
  return "..." .. text:sub(#text - width + 4)
end

-- What PyTorch calls these columns.
local columns = {
  self = "self", self_cpu_time_total = "self", total = "total", cpu_time_total = "total", calls = "calls", count = "calls",
  allocated = "allocated", self_cpu_memory_usage = "allocated", cpu_memory_usage = "allocated",
  device_self = "device_self", self_cuda_time_total = "device_self", device_total = "device_total", cuda_time_total = "device_total",
}

-- Rows added up under the key that `key` gives, largest first.
local function grouped(rows, key, sort)
  local groups, list = {}, {}
  for _, row in ipairs(rows) do
    local k = key(row)
    local group = groups[k]
    if not group then
      group = { name = row.name, line = row.line, shapes = row.shapes, backward = row.backward, calls = 0, self = 0, total = 0,
        forward_time = 0, backward_time = 0, device_self = 0, device_total = 0, allocated = 0 }
      groups[k] = group
      list[#list + 1] = group
    end
    for _, field in ipairs { "calls", "self", "total", "device_self", "device_total", "allocated" } do
      group[field] = group[field] + row[field]
    end
    local part = row.backward and "backward_time" or "forward_time"
    group[part] = group[part] + row.self
  end
  table.sort(list, function(a, b)
    if a[sort] ~= b[sort] then return a[sort] > b[sort] end
    return a.name .. a.line < b.name .. b.line
  end)
  return list
end

local function column_of(sort)
  local column = columns[sort or "self"]
  if not column then
    error(("profile: unknown column '%s' to sort by%s (self, total, calls, allocated, device_self, device_total)"):format(tostring(sort),
      require "language.nearest".did_you_mean(tostring(sort), { "self", "total", "calls", "allocated", "device_self", "device_total" })), 3)
  end
  return column
end

--- p:operators{sort = "self", shapes = false}: a list of {name, shapes, calls, self, total, device_self, device_total,
-- allocated}, times in seconds, largest first; with shapes apart for every combination that occurred.
function Profile:operators(options)
  options = options or {}
  return grouped(self.rows, function(row) return row.name .. (options.shapes and "\0" .. row.shapes or "") end, column_of(options.sort))
end

--- p:lines{sort = "self"}: a list of {line, calls, self, forward_time, backward_time, device_self, allocated} for the lines of
-- the script; a node of a backward pass counts at the line whose operator made it.
function Profile:lines(options)
  return grouped(self.rows, function(row) return row.line end, column_of(options and options.sort))
end

-- A file's own name rather than its folders', where no other file has it.
local function short_line(line)
  if line == "" then return "(no line)" end
  return line:match "[^/]*$"
end

local function source_of(line)
  local path, number = line:match "^(.*):(%d+)$"
  local file = path and io.open(path)
  if not file then return "" end
  local text, i = "", 0
  for l in file:lines() do
    i = i + 1
    if i == tonumber(number) then text = l:match "^%s*(.-)%s*$" break end
  end
  file:close()
  return text
end

--- p:table{sort = "self", limit = 15, shapes = false}: the operators as text, at most 80 columns wide.
function Profile:table(options)
  options = signature.is_keywords(options) and options or {}
  local out, list = {}, self:operators(options)
  local limit = options.limit or options.row_limit or 15
  local device = self.device
  out[1] = ("%-30s %7s %10s %6s %10s %11s"):format("operator", "calls", "self", "%", "total", device and "GPU self" or "allocated")
  local sum = 0
  for _, row in ipairs(self.rows) do sum = sum + row.self end
  for i = 1, math.min(#list, limit) do
    local row = list[i]
    local name = options.shapes and row.shapes ~= "" and row.name .. " " .. row.shapes or row.name
    out[#out + 1] = (("%-30s %7d %10s %6.1f %10s %11s"):format(#name > 30 and name:sub(1, 27) .. "..." or name, row.calls, time(row.self),
      sum > 0 and 100 * row.self / sum or 0, time(row.total), device and time(row.device_self) or bytes(row.allocated)):gsub("%s+$", ""))
  end
  if #list > limit then out[#out + 1] = ("... and %d more"):format(#list - limit) end
  return table.concat(out, "\n")
end

--- p:line_table{limit = 10}: the lines of the script as text, at most 80 columns wide, each with its source.
function Profile:line_table(options)
  options = options or {}
  local out, list = {}, self:lines(options)
  local limit = options.limit or 10
  out[1] = ("%-20s %10s %10s %11s  %s"):format("line", "forward", "backward", "allocated", "source")
  for i = 1, math.min(#list, limit) do
    local row = list[i]
    local source = source_of(row.line)
    out[#out + 1] = (("%-20s %10s %10s %11s  %s"):format(cut(short_line(row.line), 20), time(row.forward_time),
      row.backward_time > 0 and time(row.backward_time) or "", bytes(row.allocated), #source > 24 and source:sub(1, 21) .. "..." or source):gsub("%s+$", ""))
  end
  if #list > limit then out[#out + 1] = ("... and %d more"):format(#list - limit) end
  return table.concat(out, "\n")
end

function Profile:summary()
  local sum = 0
  for _, row in ipairs(self.rows) do sum = sum + row.self end
  return ("%s in all, %s in %d operators; tensors grew by at most %s"):format(time(self.wall), time(sum), self.calls,
    self.peak > 0 and bytes(self.peak) or "nothing")
end

--- p:key_averages(): p itself, for those who know PyTorch's profiler: print(p:key_averages():table{sort_by = "cpu_time_total"}).
function Profile:key_averages() return self end

--- p:export_chrome_trace(path): every call as JSON for chrome://tracing or ui.perfetto.dev, with its line. It holds the first
-- million calls.
function Profile:export_chrome_trace(path) self.profile:write_chrome_trace(path) end

function Profile:__tostring() return "profile: " .. self:summary() end

--- torch.profiler.profile{shapes = false, memory = true, device = nil}(f, ...): runs f(...) and returns what it cost: p.wall in
-- seconds, p.calls, p.peak in bytes, p.rows (every operator on every line), p:operators(), p:lines(), p:table(),
-- p:line_table(), p:export_chrome_trace(path); p.results holds what f returned. `device` adds times on the GPU, and is
-- on where CUDA is in use. PyTorch's record_shapes and profile_memory are understood too.
-- @usage local p = torch.profiler.profile { shapes = true } (function() return torch.ones(3) + 1 end)
function profiler.profile(options)
  options = options or {}
  local known = { shapes = true, memory = true, device = true, record_shapes = true, profile_memory = true, activities = true, with_stack = true }
  for k in pairs(options) do
    if not known[k] then error(("torch.profiler.profile: unknown option '%s' (shapes, memory, device)"):format(tostring(k)), 2) end
  end
  local device = options.device
  if device == nil then device = torch.cuda.is_initialized() end
  local chosen = { shapes = options.shapes or options.record_shapes or false, memory = options.memory ~= false and options.profile_memory ~= false, device = device }
  return function(f, ...)
    local results = { host.record(chosen, f, ...) }
    local profile = table.remove(results, 1)
    local p = profile:totals()
    p.profile, p.rows, p.results, p.device = profile, profile:rows(), results, device
    return setmetatable(p, Profile)
  end
end

--- torch.profiler.record_function(name, f, ...): runs f(...) as one entry of that name in a profile. Returns what f returns.
-- @usage torch.profiler.record_function("augment", function() return torch.ones(3) * 2 end)
profiler.record_function = host.span

return profiler
