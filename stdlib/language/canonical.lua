--- The canonical text of a configuration: JSON, equal byte for byte whenever the configuration is equal.
--
-- Options of a node or a table of fields go sorted by name; where the written order has a meaning (lists, and maps such
-- as heads, as lists of [name, value]) it is kept. Numbers are in their shortest exact form, infinite ones the texts
-- "inf" and "-inf". A function is its source text and what it closes over (language/closure.lua), a tensor a hash of
-- its numbers.

local closure = require "language.closure"
local node = require "language.node"
local order = require "language.order"
local overrides = require "language.overrides"
local types = require "language.types"

local canonical = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
                  ["\t"] = "\\t" }

local function text(value)
  return '"' .. value:gsub('[%c"\\\127]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function number(value)
  local shown = order.number(value)
  return (shown == "inf" or shown == "-inf" or shown == "nan") and text(shown) or shown
end

-- A tensor stands for its numbers: equal ones give equal texts on any device.
local function tensor_fields(value)
  local numbers = value:detach():cpu():contiguous()
  local bytes = require "safetensors".save { tensor = numbers:clone() }
  return { { "tensor", { unpack(numbers.shape) } }, { "dtype", tostring(numbers.dtype) },
    { "sha256", require "host.run".sha256(bytes) } }
end

--- The text of `root` (a node). options: indent (spaces a level, for reading), hash (leave out fields that only concern
-- display), without_seed (leave out the seed of training), session (for functions of a script), unwritten (functions
-- without a text are no error).
function canonical.text(root, options)
  options = options or {}
  local write

  local function layout(open, parts, close, depth)
    if #parts == 0 then return open .. close end
    if not options.indent then return open .. table.concat(parts, ",") .. close end
    local flat = open .. table.concat(parts, ", ") .. close
    if #flat + depth * options.indent <= 100 and not flat:find("\n", 1, true) then return flat end
    local inner = "\n" .. (" "):rep((depth + 1) * options.indent)
    return open .. inner .. table.concat(parts, "," .. inner) .. "\n" .. (" "):rep(depth * options.indent) .. close
  end
  local colon = options.indent and ": " or ":"

  local function object(pairs_list, depth)
    local parts = {}
    for i, pair in ipairs(pairs_list) do parts[i] = text(pair[1]) .. colon .. write(pair[2], pair[3], depth + 1) end
    return layout("{", parts, "}", depth)
  end

  -- Fields of a spec that are set, sorted by name.
  local function fields(spec, container, kind, of, path_is_train, version)
    local list = {}
    for _, field in ipairs(spec.list) do
      local left_out = options.hash and field.display or options.without_seed and path_is_train and field.name == "seed"
      if container[field.name] ~= nil and not left_out then
        list[#list + 1] = { field.name, container[field.name], field.type }
      end
    end
    if of then list[#list + 1] = { "of", of, types.compile "node" } end
    if version then list[#list + 1] = { "version", version } end
    table.sort(list, function(a, b) return a[1] < b[1] end)
    if kind then table.insert(list, 1, { "kind", kind, types.compile "string" }) end
    for _, item in ipairs(list) do
      -- The seed that a cell leaves out is the one of training: experiment.train.seed.
      item.train = kind == "experiment" and item[1] == "train"
    end
    return list
  end

  local train_table

  function write(value, compiled, depth)
    local kind = type(value)
    if kind == "nil" then return "null" end
    if kind == "boolean" then return tostring(value) end
    if kind == "number" then return number(value) end
    if kind == "string" then return text(value) end
    if kind == "function" then
      local described, problem = closure.describe(value, options.session)
      if not described and options.unwritten then return object({ { "function", "(not written)" } }, depth) end
      if not described then error({ fn = value, problem = problem }, 0) end
      return write(described, nil, depth)
    end
    if node.is(value) then
      if value.kind == "experiment" then train_table = value.args.train end
      local declaration = value.declaration
      return object(fields(declaration.spec, value.args, value.kind, value.args.of, nil, declaration.version), depth)
    end
    if kind == "userdata" and torch.is_tensor(value) then return object(tensor_fields(value), depth) end
    if kind ~= "table" or getmetatable(value) ~= nil then
      if node.is_constructor(value) then return object({ { "constructor", value.kind } }, depth) end
      error({ problem = "a value of the configuration has no text: " .. types.describe(value) }, 0)
    end
    compiled = overrides.concrete(compiled, value)
    if compiled and compiled.spec then
      return object(fields(compiled.spec, value, nil, nil, value == train_table), depth)
    end
    local element = compiled and compiled.element
    if compiled and compiled.ordered then
      local parts = {}
      for i, key in ipairs(order.keys(value)) do
        parts[i] = layout("[", { text(key), write(value[key], element, depth + 1) }, "]", depth + 1)
      end
      return layout("[", parts, "]", depth)
    end
    local keys = order.keys(value)
    local parts = {}
    for i = 1, #value do parts[i] = write(value[i], element, depth + 1) end
    if #keys == 0 then return layout("[", parts, "]", depth) end
    -- Plain data with named keys: written order, as [name, value], after what stands in list places.
    if #parts == 0 then
      local list = {}
      for i, key in ipairs(keys) do list[i] = { tostring(key), value[key] } end
      table.sort(list, function(a, b) return a[1] < b[1] end)
      return object(list, depth)
    end
    for _, key in ipairs(keys) do
      parts[#parts + 1] = layout("[", { text(tostring(key)), write(value[key], nil, depth + 1) }, "]", depth + 1)
    end
    return layout("[", parts, "]", depth)
  end

  return write(root, nil, 0)
end

return canonical
