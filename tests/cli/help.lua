-- help(x), show(x), completion data and the constructors of the language in a plain program.
local t = require "test"
local program = require "tests.program"

local function out(code)
  local result = program.run { "-e", code }
  t.eq(result.err, "")
  return result.out
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

t.test("help of an operator shows its signatures with keywords and defaults", function()
  local expected = { "topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True)" }
  has(out "help(torch.topk)", unpack(expected))
  has(out "help 'topk'", unpack(expected))
  has(out "local x = torch.ones(2) help(x.topk)", unpack(expected))
end)

t.test("help of what the host adds shows its comment and usage", function()
  has(out "help(torch.tensor)", "torch.tensor", "nested tables", "Usage:")
  has(out "help(torch.ones(2, 3))", "float32[2, 3]", "count from 0")
end)

t.test("help of a constructor shows its options", function()
  has(out "help(adamw)", "weight_decay", "default 0.01", "Usage:")
  has(out "help 'optim.adamw'", "weight_decay")
end)

t.test("help of something unknown says so", function() has(out "help 'adamx'", "adam") end)

t.test("constructors work outside a declaration", function()
  has(out "print(ce {}.kind) print(vision.mlp {}:build()(torch.ones(2, 1, 28, 28)).shape)", "loss.ce", "[2, ")
  local result = program.run { "-e", "vision.mlpp {}" }
  t.eq(result.code, 1)
  has(result.err, "unknown name 'vision.mlpp'; did you mean 'mlp'?")
  t.eq(out "print(nothing_of_that_name)", "nil\n")
end)

t.test("show prints tables with sorted keys, cut where they are long", function()
  t.eq(out "show { 3, 4, b = 'x', a = { c = true } }", '{ 3, 4, a = { c = true }, b = "x" }\n')
  t.eq(out "local x = {} x.self = x show(x)", "{ self = <this table again> }\n")
  local _, lines = out "local x = {} for i = 1, 500 do x['key' .. i] = ('v'):rep(30) end show(x)":gsub("\n", "")
  t.eq(lines, 25)
  _, lines = out "local x = {} for i = 1, 500 do x['key' .. i] = ('v'):rep(30) end show(x, { full = true })":gsub("\n", "")
  t.eq(lines, 502)
  _, lines = out "show(torch.zeros(2000), { full = true })":gsub("\n", "")
  t.ok(lines > 80)
end)

t.test("explain says what an option is, and names the nearest where there is none", function()
  local result = program.run { "explain", "adamw.weight_decay" }
  t.eq(result.code, 0)
  has(result.out, "default 0.01")
  result = program.run { "explain", "adamx" }
  t.eq(result.code, 2)
  has(result.err, "did you mean 'adam'?")
end)

t.test("doctor finds what is wrong, and leaves nothing behind", function()
  local system = require "host.system"
  local folder = program.folder {}
  local result = program.run { "doctor", directory = folder, home = folder .. "/home",
    environment = { MOONLAB_STORE = false, MOONLAB_DATA = false } }
  t.eq(result.code, 0, result.out)
  has(result.out, "LibTorch", "fine")
  t.eq(system.list(folder), {})
  result = program.run { "doctor", directory = folder, home = folder .. "/home",
    environment = { MOONLAB_STORE = "/proc/none", MOONLAB_DATA = folder .. ":/no/such/data" } }
  t.eq(result.code, 1)
  has(result.out, "set MOONLAB_STORE", "/no/such/data, which is no folder", "2 problems")
  system.remove(folder)
end)
