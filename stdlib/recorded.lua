--- A run's script as it was: the copies of its files, the overrides and the variables of the environment that it read,
-- whatever these are by now.
local language = require "language"
local site = require "language.site"

local recorded = {}

-- path as the script has it -> text of the run's copy.
local function files_of(run, meta)
  local files = {}
  for path, copy in pairs(meta.sources or {}) do
    if not copy:find("..", 1, true) then files[path] = run:read(copy) end
  end
  return files
end

--- fn(...) while the language reads what this run recorded.
-- Errors: a copy that cannot be read.
function recorded.within(run, meta, fn, ...)
  return recorded.reading({ files = files_of(run, meta), environment = meta.environment or {} }, fn, ...)
end

--- The same with what is known already (`result.recorded` of evaluate); nil: what there is now.
function recorded.reading(known, fn, ...)
  local before = site.recorded
  site.recorded = known
  local results = { pcall(fn, ...) }
  site.recorded = before
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

--- The experiment of a run, evaluated again under its overrides and those of `words`; nil and the text of its mistakes.
-- It has `recorded`, for whoever builds it (runner.lua).
-- @param words list of "key=value" that win over the run's own, or nil
function recorded.evaluate(run, meta, words)
  local overrides = { unpack(meta.overrides or {}) }
  local place = {}
  for i, word in ipairs(overrides) do place[word:match "^~?([^=]*)"] = i end
  for _, word in ipairs(words or {}) do
    local key = word:match "^~?([^=]*)"
    place[key] = place[key] or #overrides + 1
    overrides[place[key]] = word
  end
  return recorded.within(run, meta, function()
    local result, errors = language.evaluate({ name = meta.script, text = run:read "script.lua" }, overrides,
      { base = true })
    if not result then return nil, language.format(errors) end
    result.recorded = site.recorded
    return result
  end)
end

return recorded
