--- Overrides: `alpha=0.7`, `optim.lr=1e-3`, `data.datasets[1].val=0.1`, `loss.nll.pool=sum`, `~optim.lr`.
--
-- A key is a knob of the script, or a path from the experiment: options by name (positional ones have names too), list
-- places in brackets, names in maps, terms of a loss by their kind (`loss.nll`, the second one `loss.nll[2]`). A value
-- from the command line is text and read by the type of what it overrides; one from a sweep has its type already.
-- An override is { key, raw, restore, typed, position }: position is the row's key in an ablation, nil on the command
-- line.

local nearest = require "language.nearest"
local node = require "language.node"
local order = require "language.order"
local record = require "language.record"
local site = require "language.site"
local types = require "language.types"

local overrides = {}

--- Reads overrides: a list of texts "key=value" and "~key", or a table { key = value }. Returns the list, or nil and
-- what is wrong.
function overrides.parse(given)
  local list = {}
  for _, text in ipairs(given or {}) do
    if type(text) == "table" then
      list[#list + 1] = text
    else
      local restored = text:match "^~(.+)$"
      local key, raw = text:match "^([^=]+)=(.*)$"
      if restored then
        list[#list + 1] = { key = restored, restore = true, text = text }
      elseif key then
        list[#list + 1] = { key = key:match "^%s*(.-)%s*$", raw = raw, text = text }
      else
        return nil, ("override '%s' must be written key=value or ~key"):format(text)
      end
    end
  end
  for _, key in ipairs(order.keys(given or {})) do
    if type(key) == "string" then
      list[#list + 1] = { key = key, raw = given[key], typed = type(given[key]) ~= "string",
                          text = key .. "=" .. tostring(given[key]) }
    end
  end
  -- The last one for a key counts; ~key takes back what came before it.
  local last = {}
  for i, override in ipairs(list) do last[override.key] = i end
  local kept = {}
  for i, override in ipairs(list) do
    if last[override.key] == i then kept[#kept + 1] = override end
  end
  return kept
end

function overrides.fail(override, message)
  if override.position then
    site.fail(override.position, message)
  else
    site.fail(nil, ("override '%s': %s"):format(override.text, message))
  end
end

--- The value of an override for a place of this type: true and the value, or false after reporting.
-- what: "parameter 'alpha'", "option 'lr' of adamw{}".
function overrides.value(override, compiled, what)
  local value = override.raw
  if not override.typed then
    local quoted = type(value) == "string" and value:match '^"(.*)"$'
    local parsed = quoted or compiled.parse(value)
    if override.convert and parsed ~= nil then parsed = override.convert(parsed) end
    if parsed == nil or not compiled.fits(parsed) then
      if value:find(",", 1, true) and not quoted and compiled.json ~= "array" then
        overrides.fail(override, ("%s takes one value here; several are an axis of 'sweep': moonlab sweep FILE %s")
          :format(what, override.text))
      else
        local shown = tonumber(value) and value or "'" .. value .. "'"
        overrides.fail(override, ("%s must be %s, got %s%s"):format(what, compiled.phrase, shown,
          compiled.hint and compiled.hint(value) or ""))
      end
      return false
    end
    if type(parsed) == "string" and not quoted and parsed:find(",", 1, true) then
      overrides.fail(override, ("%s takes one value here; several are an axis of 'sweep': moonlab sweep FILE %s")
        :format(what, override.text))
      return false
    end
    value = parsed
  elseif override.convert then
    value = override.convert(value)
  end
  if not compiled.fits(value) then
    overrides.fail(override, ("%s must be %s, got %s%s"):format(what, compiled.phrase, types.describe(value),
      compiled.hint and compiled.hint(value) or ""))
    return false
  end
  return true, compiled.convert(value, types.place(what, override.key, override.position))
end

-- "a.b[2].c" -> { "a", "b", 2, "c" }
local function steps_of(key)
  local steps = {}
  for part in key:gmatch "[^.]+" do
    local name = part:match "^[^%[]+"
    if name then steps[#steps + 1] = name end
    for index in part:gmatch "%[(%d+)%]" do steps[#steps + 1] = tonumber(index) end
  end
  return steps
end

-- The alternative of a union that holds `value`, else the type itself.
local function concrete(compiled, value)
  for _, alternative in ipairs(compiled and compiled.alternatives or {}) do
    if alternative.shape(value) and alternative.fits(value) then return concrete(alternative, value) end
  end
  return compiled
end
overrides.concrete = concrete

local function unknown(override, word, title, names)
  word = tostring(word)
  overrides.fail(override, ("unknown key '%s' in %s%s"):format(word, title, nearest.or_all(word, names)))
end

local function term_names(sum)
  local names = {}
  for i, item in ipairs(sum.args.terms) do names[i] = item.term.kind:match "[^.]+$" end
  return names
end

-- The next place below `value`: container, key, type, title; or nil after reporting. `steps` may skip one more.
local function descend(override, value, compiled, step, title)
  if node.is(value) then
    local declaration = value.declaration
    local spec, own_title = declaration.spec, node.title(value.kind) .. "{}"
    local field, _, convert = record.field(spec, step, nil, node.title(value.kind), override.position)
    override.convert = convert
    if field then return value.args, field.name, field.type, own_title, field end
    if type(step) == "string" and spec.keys and value.args[spec.keys.name][step] ~= nil then
      return value.args[spec.keys.name], step, spec.keys.type.element or spec.keys.type, own_title
    end
    if value.kind == "loss.sum" then
      for _, item in ipairs(value.args.terms) do
        if item.term.kind == step or item.term.kind:match "[^.]+$" == step then
          return item, "term", types.compile "node loss|path", own_title
        end
      end
    end
    local names = { unpack(spec.names) }
    if spec.keys then
      for _, key in ipairs(order.keys(value.args[spec.keys.name])) do names[#names + 1] = key end
    end
    if value.kind == "loss.sum" then
      names = term_names(value)
      own_title = "the loss (its terms are " .. table.concat(names, ", ") .. ")"
    end
    return unknown(override, tostring(step), own_title, names)
  end
  compiled = concrete(compiled, value)
  if type(value) ~= "table" then
    if value == nil then
      overrides.fail(override, ("'%s' is not set in the script, so '%s' has no place"):format(title, tostring(step)))
    else
      overrides.fail(override, ("'%s' is %s and has no '%s'"):format(title, types.describe(value), tostring(step)))
    end
    return nil
  end
  if compiled and compiled.spec then
    local field, _, convert = record.field(compiled.spec, step, nil, title, override.position)
    override.convert = convert
    if field then return value, field.name, field.type, title .. "{}", field end
    local extra = compiled.spec.keys and value[compiled.spec.keys.name]
    if extra and extra[step] ~= nil then
      return extra, step, compiled.spec.keys.type.element or compiled.spec.keys.type, title .. "{}"
    end
    return unknown(override, tostring(step), title .. "{}", compiled.spec.names)
  end
  local element = compiled and compiled.element or types.compile "any"
  if type(step) == "number" then
    if value[step] == nil then
      overrides.fail(override, ("'%s' has %d item%s, none at [%d]"):format(title, #value, #value == 1 and "" or "s",
        step))
      return nil
    end
    return value, step, element, title
  end
  if value[step] == nil then return unknown(override, step, title .. "{}", order.keys(value)) end
  return value, step, element, title .. "{}"
end

-- Has the script read metadata of `owner` that depends on its option `name`?
local function read_before(session, owner, name)
  for _, read in ipairs(session.reads) do
    if read.node == owner then
      if not read.depends then return read end
      for _, option in ipairs(read.depends) do
        if option == name then return read end
      end
    end
  end
end

--- Applies an override to the experiment `root`. Reports what does not fit.
function overrides.apply(session, root, override)
  local steps = steps_of(override.key)
  if type(steps[1]) ~= "string" then return overrides.fail(override, "the key must begin with a name") end
  local value, compiled, title = root, nil, node.title(root.kind)
  local container, key, field
  local i = 1
  while i <= #steps do
    if #steps == 1 and not root.declaration.spec.by_name[steps[1]] then
      local names = { unpack(root.declaration.spec.names) }
      for name in pairs(session.knob_by_name) do names[#names + 1] = name end
      table.sort(names)
      return overrides.fail(override, ("unknown parameter '%s'%s"):format(steps[1],
        nearest.did_you_mean(steps[1], names)))
    end
    if node.is(value) then
      local read = read_before(session, value, steps[i])
      if read then
        return overrides.fail(override, ("the script has read '%s' of %s{}, which depends on '%s'; make it a knob: "
          .. "params { %s = ... }"):format(read.name, node.title(value.kind), steps[i], steps[i]))
      end
    end
    local sum = node.is(value) and value.kind == "loss.sum" and steps[i] ~= "terms" and value
    if sum and type(steps[i + 1]) == "number" then       -- loss.nll[2]: the second term of that kind
      local count, found = 0, nil
      for _, item in ipairs(sum.args.terms) do
        if item.term.kind:match "[^.]+$" == steps[i] or item.term.kind == steps[i] then
          count = count + 1
          if count == steps[i + 1] then found = item end
        end
      end
      if not found then
        return overrides.fail(override, ("the loss has %d term%s '%s', none at [%d]"):format(count,
          count == 1 and "" or "s", steps[i], steps[i + 1]))
      end
      container, key, compiled, title, field = found, "term", types.compile "node loss|path", "loss", nil
      i = i + 1
    else
      container, key, compiled, title, field = descend(override, value, compiled, steps[i], title)
      if not container then return end
    end
    value = container[key]
    local parent_title = title
    title = type(steps[i]) == "string" and steps[i] or title
    if i == #steps then
      local what = ("option '%s' of %s"):format(tostring(key), parent_title)
      local accepted, new = true, nil
      if override.restore then
        if not field or field.default == nil or tostring(field.default) == "required" then
          return overrides.fail(override, ("%s has no default"):format(what))
        end
        if type(field.default) == "function" and not compiled.admits_function then
          new = field.default()                            -- made when it is needed
        elseif tostring(field.default) ~= "optional" then
          new = order.copy(field.default)
        end
        if type(new) == "table" then new = compiled.convert(new, types.place(what, tostring(key))) end
      else
        accepted, new = overrides.value(override, compiled, what)
      end
      if accepted then
        container[key] = new
        if types.deferred[container] then types.deferred[container][key] = nil end
      end
      return
    end
    i = i + 1
  end
end

return overrides
