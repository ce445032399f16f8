-- Declarations, types and inert nodes outside of scripts: mistakes are raised where they are made.
local t = require "test"
local schema = require "schema"
local types = require "language.types"

-- Within an empty registry, so that names do not meet those of stdlib.
local function isolated(name, fn)
  t.test(name, function() schema.isolated(fn) end)
end

local function accepts(spec, good, bad)
  local compiled = types.compile(spec)
  for _, value in ipairs(good) do t.ok(compiled.fits(value), spec .. " must accept " .. t.show(value)) end
  for _, value in ipairs(bad) do t.ok(not compiled.fits(value), spec .. " must refuse " .. t.show(value)) end
end

t.test("types: numbers and ranges", function()
  accepts("integer", { 0, -3, 2 ^ 40 }, { 1.5, "1", 0 / 0, math.huge })
  accepts("integer > 0", { 1, 7 }, { 0, -1, 1.5 })
  accepts("number >= 0", { 0, 0.5, math.huge }, { -1e-9, "0", 0 / 0 })
  accepts("number in [0,1]", { 0, 0.5, 1 }, { -0.1, 1.1 })
  accepts("number in (0, 1)", { 0.5 }, { 0, 1 })
  accepts("number > 0 and < 2", { 1, 1.99 }, { 0, 2 })
end)

t.test("types: words, durations, percentages", function()
  accepts("one of mean|sum", { "mean", "sum" }, { "men", "", 1, true })
  accepts("boolean", { true, false }, { 0, "true" })
  accepts("duration", { "90s", "15m", "2h", "1h30m", 5 }, { "2", "h", "-1h", "", true })
  accepts("percent", { "5%", "0.5%", "100%" }, { "101%", "5", 0.05 })
  t.eq(schema.seconds "1h30m", 5400)
  t.eq(schema.share("5%", 200), 10)
  t.eq(schema.share(7, 200), 7)
end)

t.test("types: lists, maps, alternatives", function()
  accepts("list of integer > 0", { {}, { 1, 2 } }, { { 0 }, { "1" }, 3, { x = 1 } })
  accepts("map of number", { {}, { a = 1 } }, { { "a" }, { a = "b" } })
  accepts("number or string", { 1, "a" }, { true, {} })
  accepts("list of (number or string)", { { 1, "a" } }, { { true } })
  accepts("map of list of string", { { a = { "b" } } }, { { a = "b" } })
  accepts("function or one of a|b", { print, "a" }, { "c", 1 })
end)

t.test("types: an unknown one is named", function()
  t.raises(function() types.compile "intger > 0" end, "unknown type 'intger > 0'; did you mean 'integer'?")
  t.raises(function() types.compile "number around 3" end, "bad range in the type 'number around 3'")
end)

isolated("declare: defaults, required, optional, positional, rest, keys", function()
  local c = schema.declare("head.some", {
    { "first", "string", schema.required, "", at = 1 },
    { "others", "list of number", {}, "", at = "rest" },
    { "named", "map of number", {}, "", at = "keys" },
    { "size", "integer > 0", 3, "" },
    { "maybe", "string", schema.optional, "" },
  }, function(o, context) return { o.first, #o.others, context.scale } end)
  local node = c { "a", 1, 2, size = 5, z = 1, b = 2 }
  t.eq(node.kind, "head.some")
  t.eq({ node.args.first, node.others, node.size, node.maybe }, { "a", { 1, 2 }, 5 })
  t.eq(schema.keys(node.named), { "b", "z" })
  t.eq(node:build { scale = 2 }, { "a", 2, 2 })
  t.eq(schema.build(node, { scale = 4 }), { "a", 2, 4 })
  t.eq(c("x", 1).first, "x")
  t.eq(c("x", { size = 2 }).size, 2)
  t.eq(c "x".size, 3)
  t.raises(function() c {} end, "head.some: option 'first' is required: a string")
  t.raises(function() c { "a", "b" } end, "head.some: option 'others[1]' must be a number, got 'b'")
end)

isolated("declare: defaults are copies, nested tables are filled in", function()
  local c = schema.declare("some", { { "inner", { { "a", "integer > 0", 1, "" }, { "b", "list of number", { 1, 2 }, "" } }, {}, "" } })
  local first, second = c {}, c { inner = { a = 4 } }
  first.inner.b[1] = 100
  t.eq(second.inner, { a = 4, b = { 1, 2 } })
  t.eq(c {}.inner, { a = 1, b = { 1, 2 } })
  t.raises(function() c { inner = { c = 1 } } end, "unknown key 'c' in inner{}")
  t.raises(function() c { inner = 3 } end, "some: option 'inner' must be a table with the keys a, b, got 3")
end)

isolated("a single value stands for a table whose first positional field takes it", function()
  local c = schema.declare("some", { { "stop", { { "metric", "string", schema.required, "", at = 1 },
                                               { "patience", "integer > 0", 5, "" } }, schema.optional, "" } })
  t.eq(c { stop = "val.top1" }.stop, { metric = "val.top1", patience = 5 })
  t.eq(c { stop = { "val.top1", patience = 2 } }.stop, { metric = "val.top1", patience = 2 })
end)

isolated("mistakes are raised with the caller's line and the nearest name", function()
  local c = schema.declare("optim.adamw", { { "weight_decay", "number >= 0", 0, "" } }, print)
  local line = debug.getinfo(1, "l").currentline + 1
  local message = t.raises(function() c { weight_decy = 1 } end, "unknown key 'weight_decy' in adamw{}; did you mean")
  t.ok(message:find(("schema.lua:%d: "):format(line), 1, true), message)
  t.raises(function() c { weight_decay = -1 } end, "adamw: option 'weight_decay' must be a non-negative number, got -1")
  t.raises(function() c(3) end, "adamw{} takes no positional value, got 3 as number 1")
  t.raises(function() return c {}.wieght_decay end, "adamw{} has no 'wieght_decay'; did you mean 'weight_decay'?")
  t.raises(function() c {}.weight_decay = 3 end, "adamw{} cannot be changed")
end)

isolated("declarations themselves are checked", function()
  t.raises(function() schema.declare("a", { { "x", "integer", "one", "" } }) end,
    "a: the default of 'x' must be an integer, got 'one'")
  t.raises(function() schema.declare("a", { { "x", "integer", nil, "" } }) end, "a: field 'x' needs a default")
  t.raises(function() schema.declare("a", { { "x", "number", 1, "" }, { "x", "number", 1, "" } }) end,
    "a: field 'x' is declared twice")
  t.raises(function() schema.declare("a", { { "kind", "string", "x", "" } }) end, "a: a field may not be called 'kind'")
  t.raises(function() schema.declare("a", { { "x", "intger", 1, "" } }) end, "a: field 'x': unknown type 'intger'")
end)

isolated("named constructors take their name first", function()
  local c = schema.declare("graph", { { "parts", "list of any", {}, "", at = "rest" } }, nil, { named = true })
  t.eq(c "animal" { 1, 2 }.name, "animal")
  t.eq(c "animal" { 1, 2 }.parts, { 1, 2 })
  t.raises(function() c "animal"(3) end, "graph \"animal\" takes one table, got 3")
end)

isolated("metadata and methods", function()
  local c = schema.declare("data.set", { { "only", "list of string", schema.optional, "" } }, function() return "built" end, {
    metadata = { classes = function(o) return o.only and #o.only or 10 end },
    methods = { take = { { { "n", "integer > 0", schema.required, "", at = 1 } },
                         function(o) return { schema.build(o.of), o.n } end } },
  })
  t.eq(c {}.classes, 10)
  t.eq(c { only = { "a" } }.classes, 1)
  local taken = c {}:take(3)
  t.eq(taken.kind, "data.set:take")
  t.eq(taken:build(), { "built", 3 })
  t.eq(c {}:take { n = 4 }.n, 4)
  t.raises(function() c {}:take(0) end, "set:take: option 'n' must be a positive integer, got 0")
end)

isolated("checks of several options together", function()
  local c = schema.declare("trunk", { { "a", "number", 1, "" }, { "b", "number", 2, "" } }, nil,
    { check = function(o) if o.a > o.b then return "a must not be larger than b", "a" end end })
  t.eq(c { a = 2 }.a, 2)
  t.raises(function() c { a = 3 } end, "trunk: a must not be larger than b")
end)

isolated("losses are an algebra", function()
  local loss = schema.declare("loss.ce", { { "s", "number", 0, "" } }, function(o) return o end)
  local other = schema.declare("loss.mse", {}, function(o) return o end)
  schema.declare("loss.sum", { { "terms", "list of any", schema.required, "" } })
  schema.declare("loss.term", { { "fn", "function", schema.required, "", at = 1 } })
  local optim = schema.declare("optim.sgd", {})
  local function shape(node)
    local list = {}
    for i, item in ipairs(node.terms) do list[i] = { item.weight, item.term.kind } end
    return list
  end
  t.eq(shape(0.5 * loss {}), { { 0.5, "loss.ce" } })
  t.eq(shape(loss {} + 2 * other {} - loss {} / 4), { { 1, "loss.ce" }, { 2, "loss.mse" }, { -0.25, "loss.ce" } })
  t.eq(shape(3 * (loss {} + 2 * other {})), { { 3, "loss.ce" }, { 6, "loss.mse" } })
  t.eq(shape(loss {} + function() end), { { 1, "loss.ce" }, { 1, "loss.term" } })
  t.raises(function() return loss {} + optim {} end, "cannot compute ce{} + sgd{}")
  t.raises(function() return 2 * optim {} end, "cannot compute 2 * sgd{}")
  t.raises(function() return loss {} * loss {} end, "cannot compute ce{} * ce{}")
end)

isolated("a function where the type admits none waits for an experiment", function()
  local c = schema.declare("optim.sgd", { { "lr", "number > 0", 0.1, "" } }, function(o) return o.lr end)
  t.eq(c {}:build(), 0.1)
  t.raises(function() c { lr = function() return 1 end }:build() end, "sgd: option 'lr' is a function of the configuration")
end)

t.test("every file that declares something is found by name and loads nothing for it", function()
  local names = schema.names "loss"
  t.ok(#names > 3, "stdlib/loss has losses")
  local contents = schema.contents()
  for _, name in ipairs(names) do t.ok(contents["loss." .. name] or schema.registry["loss." .. name]) end
  t.eq(schema.find "loss.nothing_of_this_name", nil)
  t.eq(schema.find "loss.ce", require "loss.ce")
end)
