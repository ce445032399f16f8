--- Lists of functions to be called at some event, each with a handle that takes it out again.
local hooks = {}

--- Adds f to the list; `first` puts it before the others. The handle's :remove() ends it.
function hooks.add(list, f, first)
  if type(f) ~= "function" then error("a hook must be a function, got a " .. type(f), 3) end
  local entry = { f = f }
  if first then table.insert(list, 1, entry) else list[#list + 1] = entry end
  return {
    remove = function()
      for i, other in ipairs(list) do
        if other == entry then return table.remove(list, i) end
      end
    end,
  }
end

--- A copy of the functions, so that a hook may remove itself.
function hooks.functions(list)
  local out = {}
  for i, entry in ipairs(list) do out[i] = entry.f end
  return out
end

return hooks
