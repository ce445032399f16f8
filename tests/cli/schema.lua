-- `moonlab schema`: a JSON Schema that what a run writes down fits, and that wrong configurations do not fit; stubs
-- that are Lua and name what there is. The checker below knows the words of JSON Schema that are used, as its standard
-- has them.
local t = require "test"
local canonical = require "language.canonical"
local language = require "language"
local program = require "tests.program"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-schema"
local result = program.run { "schema", "--json", "-o", folder .. "/schema.json" }
t.eq({ result.code, result.err }, { 0, "" })

-- JSON through the host: a run's configuration is read with it.
local host_run = require "host.run"
local function read_json(text)
  local run = host_run.create(folder .. "/store", { name = "x", config = text, meta = {} })
  return run:config()
end

local function whole(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local document = read_json(whole(folder .. "/schema.json"))
local known = {}
for word in ("$schema $ref $defs title description default type properties required additionalProperties items "
  .. "prefixItems "
  .. "minItems maxItems anyOf enum const minimum maximum exclusiveMinimum exclusiveMaximum pattern not"):gmatch "%S+" do
  known[word] = true
end

local function is_list(value) return type(value) == "table" and (next(value) == nil or value[1] ~= nil) end

local fits

local types = {
  object = function(v) return type(v) == "table" and (next(v) == nil or not is_list(v)) end, array = is_list,
  string = function(v) return type(v) == "string" end, boolean = function(v) return type(v) == "boolean" end,
  number = function(v) return type(v) == "number" end,
  integer = function(v) return type(v) == "number" and v == math.floor(v) end,
}

function fits(value, shape)
  for word in pairs(shape) do t.ok(known[word], "the checker does not know " .. word) end
  if shape["$ref"] and not fits(value, document["$defs"][shape["$ref"]:match "^#/%$defs/(.*)$"]) then return false end
  if shape.type and not types[shape.type](value) then return false end
  if shape["not"] and fits(value, shape["not"]) then return false end
  if shape.const ~= nil and value ~= shape.const then return false end
  if shape.enum then
    local found = false
    for _, item in ipairs(shape.enum) do found = found or item == value end
    if not found then return false end
  end
  if shape.anyOf then
    local found = false
    for _, item in ipairs(shape.anyOf) do found = found or fits(value, item) end
    if not found then return false end
  end
  if type(value) == "number" then
    if shape.minimum and value < shape.minimum or shape.maximum and value > shape.maximum then return false end
    if shape.exclusiveMinimum and value <= shape.exclusiveMinimum then return false end
    if shape.exclusiveMaximum and value >= shape.exclusiveMaximum then return false end
  end
  if shape.type == "object" then
    for _, name in ipairs(shape.required or {}) do
      if value[name] == nil then return false end
    end
    for name, item in pairs(value) do
      local inner = shape.properties and shape.properties[name]
      if not inner and shape.additionalProperties == false then return false end
      if inner and not fits(item, inner) then return false end
    end
  elseif shape.type == "array" then
    if shape.minItems and #value < shape.minItems or shape.maxItems and #value > shape.maxItems then return false end
    for i, item in ipairs(value) do
      local inner = shape.prefixItems and shape.prefixItems[i] or not shape.prefixItems and shape.items
      if inner and not fits(item, inner) then return false end
    end
  end
  return true
end

t.test("every reference leads somewhere", function()
  local missing = {}
  local function visit(value)
    if type(value) ~= "table" then return end
    local name = type(value["$ref"]) == "string" and value["$ref"]:match "^#/%$defs/(.*)$"
    if name and not document["$defs"][name] then missing[#missing + 1] = name end
    for _, item in pairs(value) do visit(item) end
  end
  visit(document)
  t.eq(missing, {})
  t.eq(document["$schema"], "https://json-schema.org/draft/2020-12/schema")
end)

local scripts = {
  [[return experiment "a" { data = mnist5k { per_class = 2 }, model = trunk { vision.cnn {}, head = head.softmax {} } }]],
  [[return experiment "b" { data = join { graph = graph.load("digits"):trim(0.1), batch = 4, mnist5k { name = "a" },
       mnist5k { name = "b", labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } }, test = 0 } },
     model = path_decoder { vision.cnn {} }, loss = 0.5 * path.nll {} + path.reinforce {} + term(function(out) return out.x * 2 end),
     optim = sgd { schedule = cosine { warmup = "5%" }, heads = { lr = 1 } }, eval = { on = "a.test" } }]],
  [[return experiment "c" { data = mnist5k { augment = { function(image) return image end, flip {} }, val = 1 },
     model = trunk { vision.mlp {}, heads = { one = head.softmax {}, two = head.binary { bits = 16 } } },
     loss = mixture { main = "one", one = 0.5, two = 0.5, balance = metabalance {} },
     train = { early_stop = { "val.one.top1" }, on = { step = function(state) state.x = 1 end } },
     eval = { during = { "val" }, metrics = { "top1", auac "one.top1", function(p) return p.y end } } }]],
}

t.test("configurations fit, and with a mistake they do not", function()
  for i, text in ipairs(scripts) do
    local found, errors = language.evaluate { name = "s" .. i .. ".lua", text = text }
    t.ok(found, found or language.format(errors or {}))
    local config = read_json(canonical.text(found.node, { session = found.session }))
    t.ok(fits(config, document), text)
    config.train.epochz = 3
    t.ok(not fits(config, document), "an unknown key")
    config.train.epochz, config.train.seed = nil, -1
    t.ok(not fits(config, document), "a value out of range")
    config.train.seed, config.model.kind = 0, "trunkk"
    t.ok(not fits(config, document), "an unknown kind")
    config.model.kind, config.data = "trunk", nil
    t.ok(not fits(config, document), "a required option")
  end
end)

t.test("stubs are Lua, and name every constructor with its options", function()
  local made = program.run { "schema", "--emmylua", "-o", folder .. "/stubs.lua" }
  t.eq({ made.code, made.err }, { 0, "" })
  local text = whole(folder .. "/stubs.lua")
  local chunk = assert(loadstring(text))
  local env = {}
  local schema = require "schema"
  for _, name in ipairs { "nn" } do env[name] = {} end
  setfenv(chunk, env)()
  for _, kind in ipairs(schema.load_all()) do
    local value = env
    for part in kind:gmatch "[^.]+" do value = type(value) == "table" and value[part] or nil end
    t.ok(type(value) == "function" or type(value) == "table", kind)
    for _, field in ipairs(schema.find(kind).fields) do
      t.ok(text:find(("---@field %s"):format(field.name), 1, true) or text:find("---@field [string] ", 1, true), kind
        .. "." .. field.name)
    end
  end
  t.ok(env.adamw == env.optim.adamw and env.ce == env.loss.ce and env.softmax == nil)
  t.ok(text:find('---@field pool? "mean"|"sum"|"random"|moonlab.late how', 1, true))
  t.ok(text:find("function torch.topk(self, k, dim, largest, sorted) end\n", 1, true))
  t.ok(text:find("---@param ... integer|integer[]|table size\n---@return torch.Tensor\nfunction Tensor:view(...) end\n",
    1, true))
end)

t.test("the command line", function()
  t.eq(program.run { "schema" }.err, "moonlab schema: one of --json and --emmylua\n")
  t.eq(program.run { "schema", "--json", "--emmylua" }.code, 2)
  t.eq(program.run { "schema", "--json", "-o", "/nonexistent/x" }.code, 1)
  assert(system.write_atomic(folder .. "/own.lua", [[
--- A head of the script's own.
local own = declare("head.own", { { "width", "integer > 0", 8, "units" } }, function() end)
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = own {} } }]]))
  local out = program.run { "schema", "--emmylua", "--script", folder .. "/own.lua" }.out
  t.ok(out:find("---A head of the script's own.\n", 1, true) and out:find("function head.own(options) end", 1, true))
end)

system.remove(folder)
