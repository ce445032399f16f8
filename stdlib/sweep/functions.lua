--- The functions of a sweep's options, where() and derive(), asked about one trial. Called within the sweep's
-- evaluation: what is wrong with them is reported where it stands.
local nearest = require "language.nearest"
local order = require "language.order"
local place = require "language.place"
local sessions = require "language.session"
local site = require "language.site"

local functions = {}

-- What where() and derive() see of a trial: asking for what it has not is a mistake with the nearest name.
local function seen_by_functions(values, seed)
  local own = { seed = seed }
  for key, value in pairs(values) do own[key] = value end
  return setmetatable({}, {
    __index = function(_, key)
      if own[key] ~= nil then return own[key] end
      local names = {}
      for name in pairs(own) do names[#names + 1] = name end
      table.sort(names)
      local message = ("a trial of this sweep has no '%s'%s"):format(tostring(key),
        nearest.or_all(tostring(key), names))
      if not site.session then error(message, 0) end
      return site.spoilt(site.session.locate(tostring(key)), message)
    end,
    __newindex = function() error("the values of a trial cannot be changed: derive returns a table", 0) end,
  })
end

--- Where an option of the sweep is written.
function functions.position_of(result, field)
  return order.key_position(result.node.args, field) or result.node.position
end

--- What derive gives for a trial, as a list of { key, value, position }; nil after reporting.
function functions.derived(self, values, seed)
  local derive = self.args.derive
  if not derive then return {} end
  local session = self.result.session
  local done, more = sessions.guarded(session, derive, seen_by_functions(values, seed))
  if not done or more == site.poison then return nil end
  local position = functions.position_of(self.result, "derive")
  if more == nil then return {} end
  if type(more) ~= "table" or getmetatable(more) ~= nil then
    site.fail(position, ("derive must return a table of further values, got %s"):format(place.describe(more)))
    return nil
  end
  local list = {}
  for _, key in ipairs(order.keys(more)) do
    local value = more[key]
    local kind = type(value)
    if kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
      site.fail(order.key_position(more, key) or position, ("derive: '%s' must be a number, a string, true or false, "
        .. "got %s"):format(tostring(key), place.describe(value)))
      return nil
    end
    list[#list + 1] = { key = tostring(key), value = value, position = order.key_position(more, key) or position }
  end
  if #more > 0 then
    site.fail(position, "derive returns named values: { [\"train.epochs\"] = 20 }")
    return nil
  end
  return list
end

--- Does where() let a trial belong to the sweep?
function functions.belongs(self, values, seed)
  local where = self.args.where
  if not where then return true end
  local done, answer = sessions.guarded(self.result.session, where, seen_by_functions(values, seed))
  if not done or answer == site.poison then return false end
  return answer and true or false
end

return functions
