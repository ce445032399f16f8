-- What a script may not do while it is evaluated, and may do in its hooks later; examples of the language as its design
-- has them.
local t = require "test"
local language = require "language"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-pure"
local rest = "data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }"

local function refused(text, expected)
  local result, errors = language.evaluate { name = "x.lua", text = text }
  t.ok(not result, "it must be refused: " .. text)
  t.ok(language.format(errors, { plain = true }):find(expected, 1, true), language.format(errors))
end

t.test("a script writes no files and draws no numbers that nobody fixed", function()
  local why = "is not available in a script"
  refused(("torch.save(torch.ones(1), %q)"):format(folder .. "/x.pt"), "x.lua:1:1: 'torch.save' " .. why)
  refused("local s = torch.seed()", "'torch.seed' " .. why)
  refused('local s = require "safetensors"', "require: 'safetensors' " .. why)
  refused('local s = require "command.run"', "require: 'command.run' " .. why)
  t.eq(system.list(folder), {})
  torch.save(torch.ones(1), folder .. "/x.pt")
  t.eq(#system.list(folder), 1, "outside of a script everything is as before")
end)

t.test("a hook may write, when it runs", function()
  local result = assert(language.evaluate { name = "x.lua",
    text = ('return experiment "x" { %s, train = { on = { ["end"] = '
    .. "function(state) torch.save(state, state.path) end } } }"):format(rest) })
  result.node.train.on["end"] { path = folder .. "/y.pt" }
  t.ok(system.stat(folder .. "/y.pt"))
end)

t.test("two evaluations give byte-equal configurations, whatever was evaluated between", function()
  local text = ([[
    local p = params { width = { 8, "units" }, share = 0.5 }
    local function scaled(x) return x * p.share end
    return experiment "x" { %s,
      loss = p.share * ce {} + 0.1 * term(function(out) return scaled(out.logits:mean()) end) + mse {},
      optim = adamw { lr = function(c) return c.train.epochs / 100 end, schedule = cosine { warmup = "5%%" } },
      train = { epochs = 4, on = { step = function(state) state.x = torch.ones(1) end } },
      eval = { metrics = { "top1", function(prediction) return prediction.scores:amax(1) end } } }]]):format(rest)
  local function canonical(overrides)
    local result, errors = language.evaluate({ name = "x.lua", text = text }, overrides)
    if not result then t.fail(language.format(errors)) end
    return language.canonical(result, { indent = 2 })
  end
  local first = canonical {}
  local other = canonical { "share=0.25", "optim.weight_decay=0.5" }
  t.ok(other ~= first and other:find('"share",%s+0.25', 1) or other:find("0.25", 1, true))
  t.eq(canonical {}, first)
end)

t.test("an override reaches the optimizer of a script that names none", function()
  local result = assert(language.evaluate({ name = "x.lua", text = ('return experiment "x" { %s }'):format(rest) },
    { "optim.lr=0.5" }))
  t.eq({ result.node.optim.kind, result.node.optim.lr }, { "optim.adamw", 0.5 })
end)

system.remove(folder)
