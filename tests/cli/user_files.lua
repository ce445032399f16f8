-- Constructors of the user's own, in the script and in folders beside it: used, checked, run and loaded like the
-- program's. Functions where a loss, a metric or a schedule may stand.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-user"
for _, name in ipairs { "mnist5k", "head", "metric", "optim" } do system.mkdir(folder .. "/" .. name) end
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end

local function write(name, text) assert(system.write_atomic(folder .. "/" .. name, text)) end

local function moonlab(...)
  local words = { ... }
  words.directory, words.environment = folder, { MOONLAB_DATA = folder, MOONLAB_STORE = folder .. "/runs" }
  return program.run(words)
end

write("head/scaled.lua", [[
local schema = require "schema"
local Linear = require "nn.linear"

local Scaled = {}
Scaled.__index = Scaled
function Scaled:forward(features) return self.module(features) * self.scale end
function Scaled:losses(logits, target, criterion)
  return { { name = "ce", value = (criterion or self.criterion)(logits, target) } }
end
function Scaled:predict(logits) return { y = logits:argmax(1), scores = logits:softmax(1) } end

--- A linear layer whose logits are scaled.
-- @usage head.scaled { scale = 2 }
return schema.declare("head.scaled", { { "scale", "number > 0", 1.0, "factor on the logits" } }, function(o, context)
  return setmetatable({ module = Linear(context.features, context.classes), scale = o.scale, loss = "ce",
                        criterion = require "loss.ce" {}:build(context) }, Scaled)
end)
]])
write("metric/seen.lua", [[
--- Samples that were evaluated.
return declare("metric.seen", {}, function()
  local n = 0
  return { reset = function() n = 0 end, add = function(_, _, batch) n = n + #batch.y end, value = function() return n end }
end)
]])

local rest = "data = mnist5k { per_class = 2, test = 10 }, model = trunk { vision.mlp { widths = { 4 } }, head = HEAD "
  .. "}, "

local function script(head, more) return 'return experiment "own" { ' .. rest:gsub("HEAD", head) .. more .. " }\n" end

t.test("a head and a metric in folders beside the script train, are kept with the run and loaded again", function()
  write("s.lua", script("head.scaled { scale = 2 }", 'train = { steps = 1 }, eval = { metrics = { "top1", "seen" } }'))
  local result = moonlab("run", "s.lua", "model.head.scale=3", "-q")
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:find("test.seen 100.0000", 1, true), result.out)
  local run = assert(system.list(folder .. "/runs"))
  local path
  for _, name in ipairs(run) do path = name:match "own" and folder .. "/runs/" .. name or path end
  t.ok(system.stat(path .. "/files/head/scaled.lua") and system.stat(path .. "/files/metric/seen.lua"))
  result = moonlab("-e", "local m = load_run 'last' print(m.model.heads[1].head.scale)")
  t.eq(result.out, "3\n", result.err)
end)

t.test("what is wrong with them or with their use is told like anything else", function()
  write("w.lua", script("head.scaled { scal = 2 }", 'eval = { metrics = { "sean" } }'))
  local result = moonlab("check", "w.lua")
  t.eq(result.code, 2)
  t.ok(result.err:find("unknown key 'scal' in head.scaled{}; did you mean 'scale'?", 1, true), result.err)
  write("w.lua", 'local a = declare("hed.mine", {}, function() end)\nlocal b = declare("head.softmax", {}, function() '
    .. 'end)\n'
    .. script("head.scale {}", ""))
  result = moonlab("check", "w.lua")
  t.ok(result.err:find("w.lua:1:11: declare: 'hed' is no folder of constructors; did you mean 'head'? (", 1, true),
    result.err)
  t.ok(result.err:find("w.lua:2:11: declare: 'head.softmax' is declared already, in stdlib/head/softmax.lua; choose", 1,
    true),
    result.err)
  t.ok(result.err:find("unknown head 'scale'; did you mean 'scaled'? (binary, ", 1, true), result.err)
  write("optim/adamw.lua", 'return declare("optim.adamw", {}, function() end)\n')
  write("optim/slow.lua", 'return declare("optim.slow", { { "lr", "numbr", 1, "rate" } }, function() end)\n')
  write("w.lua", script("head.softmax {}", "optim = slow {}"))
  result = moonlab("check", "w.lua")
  t.ok(result.err:find("optim/adamw.lua:1: 'adamw' is declared already, in stdlib/optim/adamw.lua; choose another name",
    1, true),
    result.err)
  t.ok(result.err:find("optim/slow.lua:1:8: optim.slow: field 'lr': unknown type 'numbr'; did you mean 'number'?", 1,
    true),
    result.err)
  system.remove(folder .. "/optim")
end)

t.test("a function stands for a loss, a metric, a schedule", function()
  write("f.lua", script("head.softmax {}", [[
    loss = function(out, batch) return out.logits:square():mean() end,
    optim = adamw { lr = 1, schedule = function(step, total) return step / total end }, train = { steps = 2 },
    eval = { metrics = { function(prediction) return prediction.scores:sum(1) end,
                         measure { function(prediction, batch) return 0.25 end, name = "quarter" } } } ]]))
  local result = moonlab("run", "f.lua", "-q")
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:find("test.measure 1.0000\ntest.quarter 0.2500\n", 1, true), result.out)
  local config = moonlab("-e", "local m = load_run 'last' print(m.config.optim.schedule.kind, m.config.loss.kind)").out
  t.eq(config, "optim.rate\tloss.term\n")
  write("f.lua", script("head.softmax {}",
    "eval = { metrics = { function() return torch.ones(3) end } }, train = { steps = 1 }"))
  result = moonlab("run", "f.lua", "-q")
  t.ok(result.code ~= 0
    and result.err:find("metric 'measure': the function must give a number or a tensor of one number a sample "
    .. "(100 here), got shape [3]", 1, true), result.err)
end)

t.test("files of stdlib under names of one's own work as they are: every kind of constructor", function()
  for _, kind in ipairs { "vision.mlp", "data.mnist5k", "loss.mse", "balance.pcgrad", "augment.flip", "optim.cosine",
    "optim.adam",
                          "head.binary", "metric.confidence" } do
    local sub, name = kind:match "^(.*)%.(.*)$"
    local file = assert(io.open(("%s/stdlib/%s/%s.lua"):format(MOONLAB_ROOT, sub, name)))
    local text = file:read "*a"
    file:close()
    system.mkdir(folder .. "/" .. sub)
    write(("%s/my_%s.lua"):format(sub, name), (text:gsub('"' .. kind:gsub("%.", "%%.") .. '"',
      ('"%s.my_%s"'):format(sub, name))))
  end
  write("all.lua", [[
return experiment "all" {
  data = my_mnist5k { per_class = 4, test = 10, augment = { my_flip {} } },
  model = trunk { vision.my_mlp { widths = { 8 } }, heads = { a = head.softmax {}, b = head.my_binary { bits = 16 } } },
  loss = mixture { main = "a", a = 0.5, b = 0.5 * my_mse {}, balance = my_pcgrad {} },
  optim = my_adam { schedule = my_cosine {} }, train = { steps = 2 }, eval = { metrics = { "top1", "a.my_confidence" } },
}]])
  local result = moonlab("run", "all.lua", "-q")
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:find "test%.a%.my_confidence 0%.%d+\n", result.out)
  result = moonlab("explain", "my_adam", "--script", "all.lua")
  t.ok(result.out:find("my_adam { ... }   (optim.my_adam)\n  Adam (Kingma", 1, true), result.out)
  result = moonlab("schema", "--json", "--script", "all.lua")
  t.ok(result.out:find('"#/$defs/head.my_binary"', 1, true))
end)

system.remove(folder)
