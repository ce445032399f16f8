--- What `help` says about layers and about modules of stdlib that scripts use by name: the comment at their head.

local help_nn = {}

-- The comment at the head of a module's file.
local function head(name)
  local path
  for pattern in package.path:gmatch "[^;]+" do
    local candidate = pattern:gsub("%?", (name:gsub("%.", "/")))
    local file = io.open(candidate)
    if file then
      file:close()
      path = candidate
      break
    end
  end
  if not path then return nil end
  local text = {}
  for line in io.lines(path) do
    if not line:match "^%-%-" then break end
    line = line:gsub("^%-%-%-?%s?", "")
    text[#text + 1] = line:match "^@usage" and "\nUsage:\n  " .. line:gsub("^@usage%s*", "") or line
  end
  return #text > 0 and table.concat(text, "\n") or nil
end

local function written(value)
  if type(value) == "table" then
    local items = {}
    for i, item in ipairs(value) do items[i] = written(item) end
    return "{" .. table.concat(items, ", ") .. "}"
  end
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

-- "nn.Linear(in_features, out_features, bias = true)"
local function signature(name, arguments)
  local parts = {}
  for i, argument in ipairs(arguments) do
    parts[i] = argument[1] .. (argument[2] ~= nil and " = " .. written(argument[2]) or "")
  end
  return ("nn.%s(%s)"):format(name, table.concat(parts, ", "))
end

-- The name under which nn holds a value, looking at what is loaded before what could be.
local function name_in_nn(value)
  local nn = require "nn"
  for name, held in next, nn do
    if rawequal(held, value) then return name end
  end
end

local function layer(name)
  local host = require "host.module"
  for _, known in ipairs(host.names()) do
    if known == name then
      local lines = { signature(name, host.arguments(name)) }
      lines[#lines + 1] = ("\nBy position or by name in a last table, as torch.nn.%s; %s"):format(name,
        "dtype and device too.")
      return table.concat(lines, "\n")
    end
  end
  local made = rawget(require "nn", name)
  local text = type(made) == "table" and (rawget(made, "signature") or (getmetatable(made) or {}).signature)
  if text then return ("nn.%s\n\nBy position or by name in a last table, as torch.nn.%s."):format(text, name) end
end

--- What there is to say about a value or a name; nil where it is neither a layer nor a module of scripts.
-- globals: name -> module, those that a script may use without requiring them
function help_nn.text(x, globals)
  if type(x) == "string" then
    local name = x:match "^nn%.([%w_]+)$" or x:match "^torch%.nn%.([%w_]+)$"
    if name then
      local found = pcall(function() return require "nn"[name] end)
      return found and (layer(name) or head("nn." .. name)) or nil
    end
    return globals[x] and head(globals[x]) or nil
  end
  for name, module in pairs(globals) do
    if rawequal(package.loaded[module], x) then return head(module) end
  end
  local name = name_in_nn(x)
  return name and (layer(name) or head("nn." .. name)) or nil
end

return help_nn
