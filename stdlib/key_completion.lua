--- The keys that may come next in a constructor's table, for completion at the prompt.
--
--     require "key_completion"("adamw { lr = 1, ")        -> { "amsgrad", "betas", ... }, without those that are given
--     require "key_completion"("experiment \"x\" { train = { ")   -> the keys of train
--
-- nil where the text does not end in such a table at the place of a key.
local constructors = require "constructors"
local schema = require "schema"
local tokens = require "language.tokens"

local function nested(compiled)
  if compiled.spec then return compiled.spec end
  for _, alternative in ipairs(compiled.alternatives or {}) do
    local spec = nested(alternative)
    if spec then return spec end
  end
end

-- The constructor that the names ending at list[i] mean.
local function constructor_at(list, i)
  local name = list[i].text
  local before = list[i - 1]
  if before and before.text == "." and list[i - 2] then return schema.find(list[i - 2].text .. "." .. name) end
  local value = rawget(_G, name) or constructors.find(name)
  return schema.is_constructor(value) and value or nil
end

local spec_of

-- The options of the table that list[i], a "{", opens; nil where it is none of a constructor.
function spec_of(list, i, openers)
  local before = list[i - 1]
  if not before then return nil end
  if before.kind == "name" then
    local found = constructor_at(list, i - 1)
    return found and found.declaration.spec
  end
  if before.kind == "string" and list[i - 2] and list[i - 2].kind == "name" then
    local found = constructor_at(list, i - 2)
    return found and found.declaration.named and found.declaration.spec
  end
  local key = before.text == "=" and list[i - 2]
  local outer = openers[i] and spec_of(list, openers[i], openers)
  local field = key and outer and outer.by_name[key.text]
  return field and nested(field.type)
end

return function(text)
  local list = tokens.read(text)
  local last = list[#list]
  if not last or not (last.text == "{" or last.text == "," or last.text == ";") then return nil end
  -- brackets that are still open, and for each "{" the one around it
  local open, openers = {}, {}
  for i, token in ipairs(list) do
    if token.kind == "operator" then
      if token.text == "{" or token.text == "(" or token.text == "[" then
        openers[i] = open[#open]
        open[#open + 1] = i
      elseif token.text == "}" or token.text == ")" or token.text == "]" then
        open[#open] = nil
      end
    end
  end
  local at = open[#open]
  if not at or list[at].text ~= "{" then return nil end
  local spec = spec_of(list, at, openers)
  if not spec then return nil end
  local given, depth = {}, 0
  for i = at + 1, #list do
    local token = list[i]
    if token.kind == "operator" and ("{(["):find(token.text, 1, true) then depth = depth + 1 end
    if token.kind == "operator" and ("})]"):find(token.text, 1, true) then depth = depth - 1 end
    if depth == 0 and token.kind == "name" and list[i + 1] and list[i + 1].text == "=" then given[token.text] = true end
  end
  local names = {}
  for _, field in ipairs(spec.list) do
    if field.at ~= "keys" and not given[field.name] then names[#names + 1] = field.name end
  end
  return names
end
