--- What `moonlab ls` is asked: conditions on runs, as "top1>0.9 head=lwal* age<7d status=done".
--
-- A condition is KEY OP VALUE with one of = != < <= > >=. KEY is a field of runs (run_query.fields), a parameter of their
-- script, a metric or the end of its name (top1: the first one that a run measured after training), or an option of the
-- configuration by its path or the end of it. In the values of = and != a * stands for anything, a comma between several
-- of which any fits; a value with spaces stands in quotes. A word without an operator is looked for in the run's id,
-- status, script, tag and overrides.
local nearest = require "language.nearest"
local scalars = require "language.scalars"
local system = require "host.system"

local run_query = {}

--- Fields of every run, in the order in which messages name them.
run_query.fields = { "id", "status", "name", "script", "tag", "seed", "age", "seconds", "epoch", "step", "smoke", "sweep",
                     "parent", "host", "started", "config_hash", "cell_hash", "code_id" }

local statuses = { "running", "done", "failed", "diverged", "interrupted", "killed", "pruned", "unknown" }
local is_field, is_number = {}, { seed = true, seconds = true, epoch = true, step = true, started = true, smoke = true }
for _, name in ipairs(run_query.fields) do is_field[name] = true end

local function ends_with(name, word) return name == word or name:sub(-#word - 1) == "." .. word end

-- Names that are `word` or end in it, the shortest first.
local function fitting(names, word)
  local found = {}
  for _, name in ipairs(names) do
    if name == word then return { name } end
    if ends_with(name, word) then found[#found + 1] = name end
  end
  table.sort(found, function(a, b)
    if #a ~= #b then return #a < #b end
    return a < b
  end)
  return found
end

-- Every word a key may be, for the nearest one.
local function candidates(names)
  local list = {}
  for _, name in ipairs(run_query.fields) do list[#list + 1] = name end
  for _, kind in ipairs { "param", "metric", "option" } do
    for _, name in ipairs(names(kind)) do
      list[#list + 1] = name
      list[#list + 1] = name:match "[^.]*$"
    end
  end
  return list
end

local function shown(what, names, most)
  local list = { unpack(names, 1, most) }
  if #names > most then list[most + 1] = ("%d more"):format(#names - most) end
  local text = what .. table.concat(list, ", ")
  return (require "help".wrapped(text, 76):gsub("\n", "\n    "))
end

--- What a key is about: { subject, names }. Errors: a key that no run has, with the nearest and what there is.
-- @param names function(subject) -> the names that the index has of "metric", "param" or "option"
function run_query.quantity(key, names)
  if key == "age" then return { subject = "run", names = { "started" } } end
  if is_field[key] then return { subject = "run", names = { key } } end
  local exact = { param = fitting(names "param", key), metric = fitting(names "metric", key) }
  if exact.param[1] == key then return { subject = "param", names = { key } } end
  if #exact.metric > 0 then return { subject = "metric", names = exact.metric } end
  local options = fitting(names "option", key)
  if #options > 0 then return { subject = "option", names = { options[1] } } end
  local said, parts = nearest.did_you_mean(key, candidates(names)), {}
  for _, kind in ipairs { { "param", "parameters" }, { "metric", "metrics" } } do
    local list = names(kind[1])
    if #list > 0 then parts[#parts + 1] = ("\n  %s"):format(shown(kind[2] .. ": ", list, 20)) end
  end
  error(("unknown key '%s'%s\n  %s%s\n  options by their paths, such as optim.lr"):format(key, said,
    shown("of every run: ", run_query.fields, 99), table.concat(parts)), 0)
end

-- The words of a query: separated by spaces, but for those within quotes, which go.
local function words_of(text)
  local words, word, quote, open = {}, nil, nil, nil
  for i = 1, #text do
    local c = text:sub(i, i)
    if quote then
      if c == quote then quote = nil else word = word .. c end
    elseif c == '"' or c == "'" then
      quote, word, open = c, word or "", i
    elseif c:match "%s" then
      if word then words[#words + 1] = word end
      word = nil
    else
      word = (word or "") .. c
    end
  end
  if quote then error(("the quote %s at character %d of '%s' is not closed"):format(quote, open, text), 0) end
  if word then words[#words + 1] = word end
  return words
end

local flipped = { ["<"] = ">", ["<="] = ">=", [">"] = "<", [">="] = "<=" }

-- A value as it is compared: a number where it reads as one, else a text.
local function typed(text)
  local number = tonumber(text)
  return number and number == number and math.abs(number) < math.huge and number or text
end

local function status_condition(op, values, text)
  for _, value in ipairs(values) do
    local known = value:find "[*?]"
    for _, status in ipairs(statuses) do known = known or status == value end
    if not known then
      error(("'%s': unknown status '%s'%s (%s)"):format(text, value, nearest.did_you_mean(value, statuses),
        table.concat(statuses, ", ")), 0)
    end
  end
  return { of = { subject = "run", names = { "status" } }, op = op, values = values }
end

-- `age` counts back from now.
local function age_condition(op, value, text)
  local seconds = scalars.seconds(value)
  if not seconds or not flipped[op] then
    error(("'%s': age is compared with a duration, as in age<90s, age<15m, age>2h, age<7d"):format(text), 0)
  end
  return { of = { subject = "run", names = { "started" } }, op = flipped[op], values = { system.time() - seconds } }
end

local function condition(text, names)
  local key, op, rest = text:match "^([^=!<>%s]+)%s*([=!<>]+)(.*)$"
  if not key then
    if text:match "^[=!<>]" then error(("'%s': there is no key before '%s'"):format(text, text:match "^[=!<>]+"), 0) end
    return { op = "has", values = { text } }
  end
  if op == "==" then op = "=" end
  if not (flipped[op] or op == "=" or op == "!=") then
    error(("'%s': unknown operator '%s' (=, !=, <, <=, >, >=)"):format(text, op), 0)
  end
  if rest == "" then error(("'%s': what %s is compared with is missing"):format(text, key), 0) end
  local values = {}
  for value in (rest .. ","):gmatch "(.-)," do values[#values + 1] = value end
  if flipped[op] and #values > 1 then error(("'%s': %s takes one value"):format(text, op), 0) end
  if key == "age" then return age_condition(op, rest, text) end
  if key == "status" and not flipped[op] then return status_condition(op, values, text) end
  local of = run_query.quantity(key, names)
  for i, value in ipairs(values) do
    if key == "smoke" and (value == "true" or value == "false") then value = value == "true" and "1" or "0" end
    values[i] = typed(value)
    local numeric = of.subject == "metric" or of.subject == "run" and is_number[of.names[1]]
    if numeric and type(values[i]) ~= "number" and not value:find "[*?]" then
      error(("'%s': %s is a number, got '%s'"):format(text, key, value), 0)
    end
  end
  return { of = of, op = op, values = values, key = key }
end

--- Reads a query.
-- @param words list of texts, each of one or more conditions
-- @param index the index whose names are known (run_index.open)
-- @param options { sort = "-top1", columns = "lr,seed", limit }
-- @return { conditions, sort, descending, limit, shown, keys = what the shown values are called } as index:find takes it.
-- Errors: what is wrong with it, and the nearest that is right
function run_query.parse(words, index, options)
  options = options or {}
  local known = {}
  local function names(subject)
    known[subject] = known[subject] or index:names(subject)
    return known[subject]
  end
  local query, seen = { conditions = {}, shown = {}, keys = {}, limit = options.limit }, {}
  -- what is asked for is shown, beside what always is
  local function show(key)
    if seen[key] or key == "id" or key == "status" then return end
    seen[key], query.keys[#query.keys + 1] = true, key
    query.shown[#query.shown + 1] = run_query.quantity(key, names)
  end
  for _, text in ipairs(words) do
    for _, word in ipairs(words_of(text)) do
      local one = condition(word, names)
      query.conditions[#query.conditions + 1] = one
      if one.key then show(one.key) end
    end
  end
  if options.sort then
    local sign, key = options.sort:match "^([+-]?)(.+)$"
    query.descending, query.sort = sign == "-", run_query.quantity(key or options.sort, names)
    if key == "age" then query.descending = not query.descending end
    show(key)
  end
  for key in (options.columns or ""):gmatch "[^,%s]+" do show(key) end
  return query
end

return run_query
