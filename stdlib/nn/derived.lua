--- Values of a module that are computed from its parameters: what stands at "weight" under weight norm.
-- Computed when a script reads them and before each forward; neither parameter nor part of the state.
local host = require "host.module"

local derived = {}

local function compute(module)
  local functions = rawget(host.fields(module), " derive")
  if not functions then return end
  for name in pairs(functions) do local _ = module[name] end -- reading computes it
end

--- derived.add(module, name, f): from now on module[name] is f(module). A parameter of that name gives up its place.
function derived.add(module, name, f)
  local fields = host.fields(module)
  local functions, more = rawget(fields, " derive"), {}
  for k, v in pairs(functions or {}) do more[k] = v end
  more[name] = f
  fields[" derive"] = more -- a table of its own: copies of the module share what they were given
  local present = module[name] -- it stands there until it is first computed
  host.set_entry(module, name, present and present:detach(), "derived")
  if not functions then
    module:register_forward_pre_hook(compute, { prepend = true })
  end
end

--- derived.remove(module, name, value): the place holds a parameter again.
function derived.remove(module, name, value)
  local fields = host.fields(module)
  local rest = {}
  for k, v in pairs(rawget(fields, " derive")) do if k ~= name then rest[k] = v end end
  fields[" derive"] = next(rest) and rest or nil
  if not next(rest) then
    -- the hook of a copy is not the one its original's handle removes
    local own = host.hooks(module)
    for i = #own.pre, 1, -1 do if own.pre[i].f == compute then table.remove(own.pre, i) end end
    local left = 0
    for _, list in pairs(own) do left = left + #list end
    if left == 0 then host.set_hooks(module, nil) end
  end
  host.set_entry(module, name, value, "parameter")
end

return derived
