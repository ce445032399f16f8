--- What a dotted path of the configuration may mean, found in the declarations alone: optim.lr is the option lr of
-- every optimizer, model.heads.binary.bits that of any head, loss.nll.pool that of a term of the loss.
--
--     local places = require "option_path"(key)       -- list of { field, of = title } or of { type, of = title }; or
--     nil and the
--                                                      -- word that leads nowhere with the words there are
local node = require "language.node"
local schema = require "schema"

-- A place on the way: { type = compiled type, of = title of the owner, field = where it is one }.

local function constructors_of(kind)
  local found = {}
  if schema.find(kind) then return { schema.find(kind) } end
  for _, name in ipairs(schema.names(kind)) do found[#found + 1] = schema.find(kind .. "." .. name) end
  return found
end

-- Adds what lies below `spec` under the name `step`.
local function below_spec(spec, title, step, found, names)
  local field = spec.by_name[step] or spec.former[step] and spec.former[step].field
  if field then found[#found + 1] = { type = field.type, field = field, of = title } end
  if not field and spec.keys then
    local element = spec.keys.type.element
    found[#found + 1] = { type = element, of = title, named = step, doc = spec.keys.doc, open = true }
  end
  for _, name in ipairs(spec.names) do names[name] = true end
end

-- Adds what lies below a value of this type under the name `step` (nil: only through a list's brackets).
local function below_type(place, compiled, step, found, names, seen)
  if seen[compiled] then return end
  seen[compiled] = true
  for _, alternative in ipairs(compiled.alternatives or {}) do below_type(place, alternative, step, found, names,
    seen) end
  if compiled.spec then below_spec(compiled.spec, place.field and place.field.name or place.of, step, found, names) end
  if compiled.ordered then
    found[#found + 1] = { type = compiled.element, of = place.of, named = step, doc = place.field and place.field.doc }
  end
  for _, folder in ipairs(compiled.folders or {}) do
    for _, constructor in ipairs(constructors_of(folder)) do
      below_spec(constructor.declaration.spec, node.title(constructor.kind), step, found, names)
    end
    -- terms of a loss are addressed by their kind
    local term = (folder == "loss" or folder == "path") and schema.find(folder .. "." .. step)
    if term then found[#found + 1] = { constructor = term, of = "the loss", type = { folders = { term.kind } } } end
  end
end

-- A known field wins over a name that an open table would take.
local function settled(found)
  local certain = {}
  for _, place in ipairs(found) do
    if not place.open then certain[#certain + 1] = place end
  end
  return #certain > 0 and certain or found
end

return function(key)
  local experiment = schema.find "experiment"
  if not experiment then return nil end
  local places = { { type = { folders = { "experiment" } }, of = "experiment" } }
  for step in key:gmatch "[^.]+" do
    local name, brackets = step:match "^([^%[]*)(.*)$"
    local found, names, seen = {}, {}, {}
    for _, place in ipairs(places) do below_type(place, place.type, name, found, names, seen) end
    found = settled(found)
    if #found == 0 then
      local words = {}
      for word in pairs(names) do words[#words + 1] = word end
      table.sort(words)
      return nil, name, words
    end
    for _ in brackets:gmatch "%[%d+%]" do
      for i, place in ipairs(found) do
        local element = place.type.element
        for _, alternative in ipairs(place.type.alternatives or {}) do element = element or alternative.element end
        if element then
          found[i] = { type = element, of = place.of, named = "item of " .. name, doc = place.field
            and place.field.doc }
        end
      end
    end
    places = found
  end
  return places
end
