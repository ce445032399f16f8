-- `moonlab check` of joins and of ablations: all that is wrong at once, and what is right as JSON.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-check"
system.mkdir(folder .. "/mnist5k")
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end

local function check(text, ...)
  system.write_atomic(folder .. "/s.lua", text)
  return program.run { "check", "s.lua", ..., directory = folder,
                       environment = { MOONLAB_DATA = folder, MOONLAB_STORE = folder } }
end

local script = [[
params { wrong = { "", "what is wrong" } }
return ablate "rows" { seeds = { 1 },
  { "right" }, { "no node", wrong = "label" }, { "no node, faster", wrong = "label", ["optim.lr"] = 0.2 }, { "tested",
    wrong = "tested" },
  base = function(p)
    return experiment "e" {
      data = join { graph = graph.load "digits", batch = 4,
        mnist5k { name = "a", per_class = 2,
          labels = p.wrong == "label" and { ["7"] = "seven" } or {} },
        mnist5k { name = "b", per_class = p.wrong == "tested" and 400 or 2, skip = 10, test = 0,
          labels = p.wrong == "label" and { ["0"] = "strait" } or {} } },
      model = path_decoder { vision.mlp { widths = { 4 } }, hidden = 4, embed = 4 },
      loss = path.nll {}, optim = adamw { lr = 0.1 }, eval = { on = "a.test" },
    }
  end }
]]

t.test("every row is looked at, and each mistake told once with the rows that have it", function()
  local result = check(script)
  t.eq(result.code, 2)
  t.ok(result.out:find("row 'right'\n.*fine: everything builds and one batch runs\nrow 'no node'\nwrong: see below\n"), result.out)
  local err = result.err
  t.ok(err:find("in rows 'no node', 'no node, faster':\ns.lua:8:9: a: no node carries the class 'seven'\n", 1, true), err)
  t.ok(err:find("s.lua:10:9: b: no node carries the class 'strait'; did you mean 'straight'?\n", 1, true), err)
  t.ok(err:find("in row 'tested':\ns.lua:10:9: ", 1, true), err)
  t.ok(err:find("3 of 4 rows have mistakes\n", 1, true), err)
  t.eq(select(2, err:gsub("'seven'\n", "")), 1)
end)

t.test("what is right is a line of JSON each", function()
  local result = check((script:gsub(", { \"no node\".-base", ", base")), "--json")
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:find('^{"batch":4,"batches":10,"device":"cpu","epochs":10,"experiment":"e","join":{"datasets":%[{"classes":10,"draw":1,'),
    result.out)
  t.ok(result.out:find('"row":"right"', 1, true))
end)

t.test("functions of a script change the images of one dataset", function()
  local text = [[
local noise = function(image)
  return image + 0.1 * torch.randn_like(image)
end
local shift = 0.5
return experiment "e" {
  data = mnist5k { per_class = 2, augment = { noise, flip {} },
    transform = function(image)
      local half = image["..., ::2, ::2"]
      return half:BODY
    end },
  model = trunk { vision.cnn {}, head = head.softmax {} } }
]]
  local result = check((text:gsub("BODY", "mul(0.5)")))
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(check((text:gsub("BODY", "foo()"))).err:find("transform of 'mnist5k', sample 0: worker:9: a tensor has no property or "
    .. "method 'foo'\n", 1, true))
  result = check((text:gsub("BODY", "add(shift)")))
  t.eq(result.code, 2)
  t.ok(result.err:find("s.lua:6:10: the function uses 'shift' of its surroundings", 1, true), result.err)
  result = check((text:gsub("BODY", "mul(1)"):gsub("local noise = function%(image%)", "local function noise(image)")))
  t.ok(result.err:find("write `local f = function(image) ... end`", 1, true), result.err)
end)

system.remove(folder)
