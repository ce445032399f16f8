--- The constructors of the language as names of ordinary Lua programs and of the prompt: `vision.cnn {}`, `ce {}`,
-- `adamw {}`, each loaded when it is first named.
--
--     constructors.find "ce"        what the global `ce` is, or nil
--     constructors.names()          all such globals, sorted, for completion
local constructors = {}

-- Bare names are looked for in these folders, in this order (as in a script).
local bare_folders = { "loss", "optim", "balance", "metric", "data", "augment" }

-- `head.softmax`: a folder of constructors.
local function folder(schema, name)
  return setmetatable({}, {
    __index = function(self, key)
      local found = schema.find(name .. "." .. tostring(key))
      if not found then
        local names = schema.names(name)
        local near = require "host.system".nearest(tostring(key), names)
        error(("unknown name '%s.%s'%s (%s)"):format(name, tostring(key),
          near and ("; did you mean '" .. near .. "'?") or "", table.concat(names, ", ")), 2)
      end
      rawset(self, key, found)
      return found
    end,
    __names = function() return schema.names(name) end,
    __tostring = function() return ("%s: %s"):format(name, table.concat(schema.names(name), ", ")) end,
  })
end

--- What this global name means: a folder of constructors, a constructor, or nil.
function constructors.find(name)
  local schema = require "schema"
  for _, known in ipairs(schema.folders) do
    if known == name then return folder(schema, name) end
  end
  for _, sub in ipairs(bare_folders) do
    local found = schema.find(sub .. "." .. name)
    if found then return found end
  end
  return schema.find(name)
end

function constructors.names()
  local schema, names = require "schema", {}
  for _, known in ipairs(schema.folders) do names[#names + 1] = known end
  for _, sub in ipairs(bare_folders) do
    for _, name in ipairs(schema.names(sub)) do names[#names + 1] = name end
  end
  for _, name in ipairs(schema.names()) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return constructors
