--- In what two runs differ, or a run and a script as it would run now: configuration, parameters, code, data, metrics.
local continuation = require "continuation"
local host_index = require "host.index"
local host_run = require "host.run"
local json = require "json_text"
local language = require "language"
local liveness = require "liveness"
local run_columns = require "run_columns"
local run_page = require "run_page"
local runner = require "runner"
local system = require "host.system"

local run_differences = {}

local function text_of(value)
  if value == nil then return nil end
  return type(value) == "table" and json.encode(value) or run_columns.plain(value)
end

-- The copies of the sources of a run, by the paths they were read from: { [path] = text }.
local function sources_of(run, meta)
  local texts = {}
  for path, copy in pairs(type(meta.sources) == "table" and meta.sources or {}) do
    local readable, text = pcall(run.read, run, copy)
    if readable then texts[path] = text end
  end
  if next(texts) == nil and system.stat(run:path() .. "/script.lua") then
    texts[meta.script or "script.lua"] = run:read "script.lua"
  end
  return texts
end

local function of_run(word)
  local run = host_run.open(runner.store(), word)
  local meta, records = run:meta(), run:metrics()
  local readable, options = pcall(host_index.options, run:read "config.json")
  if not readable then error(("run %s: config.json is not JSON"):format(run:id()), 0) end
  for _, key in ipairs { "params", "data", "environment", "git", "versions" } do
    if type(meta[key]) ~= "table" then meta[key] = {} end
  end
  local side = { name = run:id(), meta = meta, options = options, metrics = {}, order = {},
                 sources = sources_of(run, meta), status = liveness.status(run) }
  for _, pair in ipairs(run_page.metrics(records[#records] or {})) do
    side.metrics[pair[1]], side.order[#side.order + 1] = pair[2] or 0 / 0, pair[1]
  end
  return side
end

local function of_script(file, overrides)
  local result, mistakes = runner.evaluate(file, overrides)
  if not result then error(mistakes, 0) end
  if result.kind ~= "experiment" then error(("%s is a %s, not one experiment"):format(file, result.kind), 0) end
  local side = { name = file, options = host_index.options(language.canonical(result)), metrics = {}, order = {},
                 sources = {}, meta = { seed = result.seed, params = {}, code_id = continuation.code_id(result.files),
                          versions = system.versions(), host = system.hostname(), overrides = result.overrides } }
  for _, knob in ipairs(result.knobs) do side.meta.params[knob.name] = knob.value end
  for _, source in ipairs(result.files) do side.sources[source.path] = source.text end
  return side
end

local function keys_of(...)
  local seen, keys = {}, {}
  for _, map in ipairs { ... } do
    for key in pairs(map) do
      if not seen[key] then
        seen[key] = true
        keys[#keys + 1] = key
      end
    end
  end
  table.sort(keys)
  return keys
end

-- { key, a, b } where texts of two maps differ.
local function differing(a, b, shown)
  local rows = {}
  for _, key in ipairs(keys_of(a, b)) do
    local left, right = text_of(a[key]), text_of(b[key])
    if left ~= right then rows[#rows + 1] = { key, shown and shown(left) or left, shown and shown(right) or right } end
  end
  return rows
end

local function short_hash(text) return text and text:match "^%x+$" and text:sub(1, 12) or text end

local function lines_of(text)
  local lines, count = {}, {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
    count[line] = (count[line] or 0) + 1
  end
  return lines, count
end

-- How many lines of one text the other lacks, whatever their order.
local function missing(a, b)
  local lines = lines_of(a)
  local _, there = lines_of(b)
  local count = 0
  for _, line in ipairs(lines) do
    if (there[line] or 0) > 0 then there[line] = there[line] - 1 else count = count + 1 end
  end
  return count
end

local function own_lines(n) return ("%d line%s of its own"):format(n, n == 1 and "" or "s") end

-- Sources by what they are called: the script is the script, whatever its path was.
local function sources(a, b)
  local rows = {}
  for _, path in ipairs(keys_of(a.sources, b.sources)) do
    local left, right = a.sources[path], b.sources[path]
    if left ~= right then
      rows[#rows + 1] = { path, left and (right and own_lines(missing(left, right)) or "there"),
                          right and (left and own_lines(missing(right, left)) or "there") }
    end
  end
  return rows
end

local function metrics(a, b)
  local rows = {}
  local seen = {}
  for _, list in ipairs { a.order, b.order } do
    for _, key in ipairs(list) do
      local left, right = a.metrics[key], b.metrics[key]
      if not seen[key] and left ~= right and not (left ~= left and right ~= right) then
        local function cell(value) return value and (value == value and ("%.6g"):format(value) or "-") end
        local difference = left and right and right - left
        rows[#rows + 1] = { key, cell(left), cell(right),
                            difference and difference == difference and ("%+.4g"):format(difference) or "" }
      end
      seen[key] = true
    end
  end
  return rows
end

--- @param left, right an id of a run (or a unique part of it, or last), or a script (its overrides behind it)
-- @return the names of both, and sections { title, rows = { { key, left or nil, right or nil, difference of numbers } }
-- } without those in which nothing differs. Errors: no such run, a script with mistakes.
function run_differences.of(left, right, overrides)
  local function side(word) return word:match "%.lua$" and of_script(word, overrides or {}) or of_run(word) end
  local a, b = side(left), side(right)
  local scripts = left:match "%.lua$" or right:match "%.lua$"
  local sections = {}
  local function section(title, rows)
    if #rows > 0 then sections[#sections + 1] = { title = title, rows = rows } end
  end
  local function chosen(meta, status)
    return { seed = meta.seed, status = status, tag = meta.tag, parent = meta.parent }
  end
  section("run", scripts and {} or differing(chosen(a.meta, a.status), chosen(b.meta, b.status)))
  section("parameters", differing(a.meta.params or {}, b.meta.params or {}))
  section("configuration", differing(a.options, b.options))
  section("data", scripts and {} or differing(a.meta.data or {}, b.meta.data or {}, short_hash))
  section("sources", sources(a, b))
  local function program(meta)
    local found = { host = meta.host, code = meta.code_id, commit = (meta.git or {}).commit }
    for name, version in pairs(meta.versions or {}) do found[name] = version end
    return found
  end
  section("program", differing(program(a.meta), program(b.meta), short_hash))
  section("environment", scripts and {} or differing(a.meta.environment or {}, b.meta.environment or {}))
  section("metrics", scripts and {} or metrics(a, b))
  return { a.name, b.name }, sections
end

return run_differences
