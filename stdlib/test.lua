--- Specs: a spec file is an ordinary Lua program that requires this module and calls `t.test`.
--
--     local t = require "test"
--     t.test("addition", function() t.eq(1 + 1, 2) end)
--
-- Each test runs where it stands. A file run alone prints its summary when the program ends and then exits with 1 if
-- something failed; `t.run(files)` runs several files, each in its own global environment, prints one summary and
-- returns the exit code (0 or 1). Output: a line for each failure, `file:line: test name: what differs`, for each
-- skipped test its reason, and the last line `N passed, N failed, N skipped`.

local t = {}

local count = { passed = 0, failed = 0, skipped = 0 }
local current_file, in_run = nil, false
local Skip = {}
local own_source = debug.getinfo(1, "S").source

local function write(...)
  io.stdout:write(...)
  io.stdout:write("\n")
end

-- "file:line" of the nearest caller that is not this module.
local function caller()
  for level = 2, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then return "?" end
    if info.source ~= own_source and info.currentline > 0 then return info.short_src .. ":" .. info.currentline end
  end
  return "?"
end

-- Values as text ---------------------------------------------------------------------------------------------------

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

--- A value in one line: strings quoted, keys sorted, long tables cut.
function t.show(value, depth)
  depth = depth or 0
  if type(value) == "string" then return (string.format("%q", value):gsub("\\\n", "\\n")) end
  if type(value) == "number" then
    return value == math.floor(value) and math.abs(value) < 2 ^ 53 and string.format("%d", value)
      or string.format("%.17g", value)
  end
  if type(value) ~= "table" then return tostring(value) end
  if depth > 4 then return "{...}" end
  local parts, length = {}, #value
  for _, key in ipairs(sorted_keys(value)) do
    local text = t.show(value[key], depth + 1)
    if type(key) == "number" and key >= 1 and key <= length then
      parts[#parts + 1] = text
    elseif type(key) == "string" and key:match "^[%a_][%w_]*$" then
      parts[#parts + 1] = key .. " = " .. text
    else
      parts[#parts + 1] = "[" .. t.show(key, depth + 1) .. "] = " .. text
    end
    if #parts == 40 then
      parts[#parts + 1] = "..."
      break
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Tensors compare by their values; anything else stays what it is.
local function plain(value)
  if type(value) ~= "userdata" and type(value) ~= "cdata" then return value end
  local has, list = pcall(function() return value:totable() end)
  if has and list ~= nil then return list end
  return value
end

local function child(path, key)
  if type(key) == "number" then return path .. "[" .. key .. "]" end
  return path .. "." .. tostring(key)
end

-- Appends "path: got X, expected Y" for every place where the two differ, by `same` on leaves.
local function differences(got, expected, same, path, found, seen)
  got, expected = plain(got), plain(expected)
  if type(got) == "table" and type(expected) == "table" and not rawequal(got, expected) then
    if seen[got] == expected then return end
    seen[got] = expected
    local keys = {}
    for key in pairs(got) do keys[key] = true end
    for key in pairs(expected) do keys[key] = true end
    for _, key in ipairs(sorted_keys(keys)) do
      differences(rawget(got, key), rawget(expected, key), same, child(path, key), found, seen)
    end
  elseif not rawequal(got, expected) and not same(got, expected) then
    found[#found + 1] = (path == "" and "" or path:gsub("^%.", "") .. ": ")
      .. "got " .. t.show(got) .. ", expected " .. t.show(expected)
  end
end

local function compare(got, expected, same, note)
  local found = {}
  differences(got, expected, same, "", found, {})
  if #found == 0 then return end
  local shown = {}
  for i = 1, math.min(#found, 5) do shown[i] = found[i] end
  if #found > 5 then shown[6] = "and " .. (#found - 5) .. " more differences" end
  t.fail((note and note .. ": " or "") .. table.concat(shown, "\n    "))
end

-- Assertions -------------------------------------------------------------------------------------------------------

--- Fails the running test.
function t.fail(message)
  error({ where = caller(), message = message or "failed" }, 0)
end

--- Skips the running test, saying why; outside a test, the rest of the file under `t.run`.
function t.skip(reason)
  error({ skip = Skip, message = reason or "no reason given" }, 0)
end

--- `got` equals `expected`: tables and tensors by their contents, the rest by ==.
function t.eq(got, expected, note)
  compare(got, expected, function(a, b) return a == b end, note)
end

--- Numbers, tables of numbers and tensors within `tolerance` (absolute; default 1e-6).
function t.near(got, expected, tolerance, note)
  tolerance = tolerance or 1e-6
  compare(got, expected, function(a, b)
    return type(a) == "number" and type(b) == "number" and (a == b or math.abs(a - b) <= tolerance)
  end, note)
end

--- `condition` is true (neither nil nor false).
function t.ok(condition, note)
  if not condition then t.fail(note or "condition does not hold") end
end

--- `fn` raises an error whose text contains `expected`, as plain text or as a Lua pattern. Returns the text.
function t.raises(fn, expected)
  local done, message = pcall(fn)
  if done then t.fail("raised nothing, expected an error with " .. t.show(expected or "any text")) end
  local text = type(message) == "table" and rawget(message, "message") or tostring(message)
  if expected and not text:find(expected, 1, true) then
    local valid, found = pcall(string.find, text, expected)
    if not (valid and found) then t.fail("raised " .. t.show(text) .. ", expected " .. t.show(expected)) end
  end
  return text
end

-- Running ----------------------------------------------------------------------------------------------------------

local function handler(message)
  if type(message) == "table" then return message end
  return { where = nil, message = tostring(message) }
end

local function report(name, failure)
  if failure.skip == Skip then
    count.skipped = count.skipped + 1
    write("skipped: ", name, ": ", failure.message)
    return
  end
  count.failed = count.failed + 1
  local where, message = failure.where, tostring(failure.message)
  if not where then
    where, message = message:match "^([^\n:]+:%d+): (.*)$"
    if not where then where, message = current_file or "?", tostring(failure.message) end
  end
  write(where, ": ", name, ": ", message)
end

local function summary()
  write(("%d passed, %d failed, %d skipped"):format(count.passed, count.failed, count.skipped))
end

-- A file run on its own has no last line to hang the summary on: the closing Lua state runs this finalizer.
local function summarise_at_exit()
  if t.closing then return end
  t.closing = newproxy(true)
  getmetatable(t.closing).__gc = function()
    if in_run then return end
    summary()
    io.stdout:flush()
    if count.failed > 0 then os.exit(1) end
  end
end

--- Runs `fn` as the test `name` now. An error in it fails this test and no other.
function t.test(name, fn)
  if not in_run then summarise_at_exit() end
  local done, failure = xpcall(fn, handler)
  if done then
    count.passed = count.passed + 1
  else
    report(name, failure)
  end
end

--- Runs the spec files one after the other and prints the summary; returns 0, or 1 where something failed.
-- A file that cannot be read or that stops with an error outside its tests counts as one failure.
function t.run(files)
  in_run = true
  for _, file in ipairs(files) do
    current_file = file
    local chunk, message = loadfile(file)
    if chunk then
      -- Globals that one file sets are not seen by the next.
      setfenv(chunk, setmetatable({}, { __index = _G }))
      local done, failure = xpcall(chunk, handler)
      if not done then report(file, failure) end
    else
      report(file, { message = message })
    end
  end
  summary()
  return count.failed == 0 and 0 or 1
end

return t
