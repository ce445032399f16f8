-- The source index: tokens, the wrapped code, and what it ties to the tables, calls and functions of a run.
local t = require "test"
local site = require "language.site"
local source = require "source"

local function words(text)
  local list = {}
  for i, token in ipairs(source.tokens(text)) do list[i] = token.text end
  return list
end

t.test("tokens", function()
  t.eq(words "local x=1e-3 -- comment", { "local", "x", "=", "1e-3" })
  t.eq(words "a.b:c'd' [[e]] --[==[ f ]] ]==] ...", { "a", ".", "b", ":", "c", "'d'", "[[e]]", "..." })
  t.eq(words "0x1F 3.5 .5 1..2", { "0x1F", "3.5", ".5", "1..2" })
  t.eq(words 'x = "a\\"b" .. [=[\n]]]=]', { "x", "=", '"a\\"b"', "..", "[=[\n]]]=]" })
  t.eq(words "a~=b<=c==d::e::", { "a", "~=", "b", "<=", "c", "==", "d", "::", "e", "::" })
end)

t.test("lines and columns, after long comments and strings too", function()
  local tokens = source.tokens("--[[\n\n]] x\n  y = [[\n\n]] z")
  local places = {}
  for i, token in ipairs(tokens) do places[i] = { token.text:sub(1, 1), token.line, token.column } end
  t.eq(places, { { "x", 3, 4 }, { "y", 4, 3 }, { "=", 4, 5 }, { "[", 4, 7 }, { "z", 6, 4 } })
end)

-- Runs wrapped code with `env`; returns its results.
local function run(text, env)
  local index = source.index("x.lua", text)
  local chunk = assert(loadstring(index.code, "@x.lua"))
  local hooks = source.hooks(index)
  setfenv(chunk, setmetatable(env or {}, { __index = function(_, name) return hooks[name] or _G[name] end }))
  return chunk()
end

t.test("tables know where they stand, their keys in written order and their items", function()
  local tbl = run "return {\n  b = 1, a = 2, ['c d'] = 3, [4] = 4,\n  'x', nil,\n}"
  local record = site.tables[tbl]
  t.eq({ record.line, record.column }, { 1, 8 })
  local keys = {}
  for i, written in ipairs(record.keys) do keys[i] = { written.key, written.line, written.column } end
  t.eq(keys, { { "b", 2, 3 }, { "a", 2, 10 }, { "c d", 2, 18 }, { 4, 2, 31 } })
  t.eq({ #record.items, record.items[2].line, record.items[2].column }, { 2, 3, 8 })
end)

t.test("a tail call is located like any other", function()
  local seen
  local function ctor(options) seen = site.tables[options].call return options end
  run("local x = 1\nreturn  ctor { a = 1 }", { ctor = ctor })
  t.eq({ seen.line, seen.column }, { 2, 9 })
end)

t.test("calls with strings and brackets give the place of the callee and of the arguments", function()
  local seen = {}
  local function f(...) seen[#seen + 1] = { site.call.line, site.call.column, #site.call.items, select("#", ...) } return f end
  local env = { a = { b = f } }
  setmetatable(env.a, { __index = { c = f } })
  run("a.b 'x'\na.b(1, {2, 3},\n 4)\n  a:c()\nlocal g = a.b\ng 'u' 'v'\nreturn (g)(select(2, 1, 2, 3))", env)
  t.eq(seen, { { 1, 1, 1, 1 }, { 2, 1, 3, 3 }, { 4, 3, 0, 1 }, { 6, 1, 1, 1 }, { 6, 1, 1, 1 }, { 7, 8, 1, 2 } })
end)

t.test("wrapping keeps the meaning and the lines", function()
  local text = [==[
local function f(t) return function(u, ...) return { t, u, ... } end end
local a = f
{ 1,
  2 }
{ 3 }
local b = f(function(x) return x end)(1, 2, 3)
local g = function(x) return x end
;(function() a.late = g(g)(g "s") end)()
local s = ("x")
:rep
"3"
if a then a.z = { f = function() return 1 end, [1] = "one", n = #"abc" } end
for i, v in ipairs { 5, 6 } do a[#a + 1] = v + i end
return a, b[1](7), b[2], b[3], b[4], s, a.z.f(), a.z[1], a.z.n, a.late, debug.getinfo(1, "l").currentline]==]
  local plain = { loadstring(text)() }
  local wrapped = { run(text) }
  plain[1].z.f, wrapped[1].z.f = nil, nil
  t.eq(wrapped, plain)
  t.eq(plain[11], 14)
end)

t.test("the text of a function is its tokens", function()
  local f = run "local f = function(a)  -- comment\n  return a+1\nend\nreturn f"
  t.eq(source.function_text(site.functions[f]), "function ( a ) return a + 1 end")
end)

t.test("code that does not compile is left alone", function()
  t.eq(source.index("x.lua", "return { 1, (2 }").code, "return { 1, (2 }")
end)
