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
  t.ok(result.out:find("row 'right'\n.*fine: everything builds and one batch runs\nrow 'no node'\nwrong: see below\n"),
    result.out)
  local err = result.err
  t.ok(err:find("in rows 'no node', 'no node, faster':\ns.lua:8:9: a: no node carries the class 'seven'\n", 1, true),
    err)
  t.ok(err:find("s.lua:10:9: b: no node carries the class 'strait'; did you mean 'straight'?\n", 1, true), err)
  t.ok(err:find("in row 'tested':\ns.lua:10:9: ", 1, true), err)
  t.ok(err:find("3 of 4 rows have mistakes\n", 1, true), err)
  t.eq(select(2, err:gsub("'seven'\n", "")), 1)
end)

t.test("what is right is a line of JSON each", function()
  local result = check((script:gsub(", { \"no node\".-base", ", base")), "--json")
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:find '^{"batch":4,"batches":10,"bytes":{"gradients":%d+,"optimizer":%d+,"parameters":%d+,"peak":%d+},"device":"cpu"',
    result.out)
  t.ok(result.out:find('"join":{"datasets":[{"classes":10,"draw":1,', 1, true), result.out)
  t.ok(result.out:find '"shapes":%[%["input","4 x 1 x 28 x 28"%],%["features","4 x 4"%]%],"terms":%[%["nll",',
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
  t.ok(check((text:gsub("BODY",
    "foo()"))).err:find("transform of 'mnist5k', sample 0: worker:9: a tensor has no property or "
    .. "method 'foo'\n", 1, true))
  result = check((text:gsub("BODY", "add(shift)")))
  t.eq(result.code, 2)
  t.ok(result.err:find("s.lua:6:10: the function uses 'shift' of its surroundings", 1, true), result.err)
  result = check((text:gsub("BODY", "mul(1)"):gsub("local noise = function%(image%)", "local function noise(image)")))
  t.eq({ result.code, result.err }, { 0, "" })
end)

local shapes = [[
return experiment "e" { data = mnist5k { per_class = 4, val = 1, batch = 8 }, HEADS, train = { epochs = 1 },
  eval = { during = { "val" }, metrics = { "top1" METRIC } } }
]]

local function checked(heads, metric, ...)
  return check((shapes:gsub("HEADS", function() return heads end):gsub("METRIC", metric or "")), ...)
end

t.test("the first loss of each head stands beside what guessing costs", function()
  local result = checked('model = trunk { vision.mlp { widths = { 4 } }, heads = { a = head.softmax { label_smoothing '
    .. '= 0.1 }, '
    .. 'b = head.binary { bits = 16 } } }, loss = mixture { main = "a", a = 0.5, b = 0.5, balance = metabalance {} }')
  t.eq({ result.code, result.err }, { 0, "" })
  for _, expected in ipairs { "input        8 x 1 x 28 x 28\n", "features     8 x 4\n", "head a       8 x 10\n",
    "head b       8 x 16\n",
                              "\na            %d+%.%d+  %(guessing: ln 10 = 2.3026%)",
                              "\nb            %d+%.%d+  %(guessing: ln 2 = 0.6931%)", "\ngradient     norm ",
                              "\nmemory       about [%d.]+ MB in a step: parameters 0.0, gradients 0.0, optimizer 0.0\n",
                              "\ntime         [%d.]+ m?s for the first step" } do
    t.ok(result.out:find(expected), expected .. "\n" .. result.out)
  end
  result = checked 'model = trunk { vision.mlp { widths = { 4 } }, head = head.softmax {} }, loss = ce {} + mse {}'
  t.ok(result.out:find("ce           %d.%d+  %(guessing: ln 10 = 2.3026%)\n") , result.out)
  t.ok(result.out:find("mse          %d.%d+  %(guessing: 0.1000%)"), result.out)
  result = checked('model = trunk { vision.mlp { widths = { 4 } }, head = head.softmax { deviation = 100 } }')
  t.ok(result.out:find("(guessing: ln 10 = 2.3026), far above: the first outputs are large", 1, true), result.out)
end)

t.test("an evaluation is tried as well", function()
  local result = checked('model = trunk { vision.mlp { widths = { 4 } }, head = head.softmax {} }',
    ', function(prediction) return prediction.nothing:sum() end')
  t.eq(result.code, 2)
  t.ok(result.err:find("attempt to index field 'nothing' (a nil value)", 1, true), result.err)
end)

t.test("of a search that learns the first point is looked at", function()
  local result = check [[
params { width = 4, lr = 0.1 }
return sweep "s" { space = { lr = loguniform(1e-4, 1e-1) }, search = tpe { "val.top1", n = 20 }, grid = { width = { 4, 5 } },
  base = function(p) return experiment "e" { data = mnist5k { per_class = 2, val = 1 }, optim = adamw { lr = p.lr },
    model = trunk { vision.mlp { widths = { p.width } }, head = head.softmax {} }, eval = { during = { "val" } } } end }
]]
  t.eq({ result.code, result.err }, { 0, "" })
  t.eq(select(2, ("\n" .. result.out):gsub("\ncell '", "")), 2)
end)

t.test("every cell of a sweep is looked at, many of them with a line each", function()
  local text = [[
params { width = 4, smoothing = 0.0 }
return sweep "s" { grid = { width = WIDTHS, smoothing = { 0.0, 2.0 } }, seeds = { 1, 2 },
  base = function(p) return experiment "e" { data = mnist5k { per_class = 2 },
    model = trunk { vision.mlp { widths = { p.width } }, head = head.softmax { label_smoothing = p.smoothing / 4 } } } end }
]]
  local result = check((text:gsub("WIDTHS", "{ 4, 5 }")))
  t.eq({ result.code, result.err }, { 0, "" })
  t.eq(select(2, result.out:gsub("\ncell '", "")) + 1, 4)
  result = check((text:gsub("WIDTHS", "{ 4, 5, 6, 7 }")))
  t.eq({ result.code, result.err }, { 0, "" })
  t.eq(select(2, result.out:gsub("fine  [^\n]*ce %d.%d+ %(ln 10 = 2.3026%)  %d+ parameters  [%d.]+ MB  [%d.]+ m?s\n",
    "")), 8, result.out)
end)

system.remove(folder)
