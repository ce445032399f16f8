-- Every wrong script in tests/cli/scripts with the exact text that answers it (NAME.lua, NAME.txt), and wrong overrides.
-- The scripts speak the small vocabulary of language/constructors.lua, so that the texts do not depend on stdlib.
local t = require "test"
local folder = require "language.folder"
local language = require "language"
local schema = require "schema"

local here = debug.getinfo(1, "S").source:match "^@(.*)stdlib/[^/]*$"
local scripts = here .. "cli/scripts/"
local vocabulary = dofile(here .. "stdlib/language/constructors.lua")

local function isolated(name, fn)
  t.test(name, function()
    schema.isolated(function()
      vocabulary(schema)
      fn()
    end)
  end)
end

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read "*a"
  file:close()
  return text
end

for _, file in ipairs(folder.files(scripts, "%.lua$")) do
  isolated("wrong script " .. file, function()
    local text = read(scripts .. file)
    local result, errors = language.evaluate { name = file, text = text }
    t.ok(not result, "the script must be refused")
    t.eq(language.format(errors) .. "\n", read(scripts .. file:gsub("lua$", "txt")))
  end)
end

local script = [[
local p = params { alpha = { 1.0, "weight" }, balance = "none", teacher = true, count = { 3, "how many", "integer > 0" } }
local d = mnist5k { val = 0.1 }
local classes = d.classes
return experiment "x" {
  data  = join { d, mnist5k { name = "other" } },
  model = trunk { vision.cnn {}, heads = { onehot = head.softmax {}, binary = head.lwal { dim = classes } } },
  loss  = p.alpha * ce {} + 0.5 * mse {} + path.nll {},
  optim = adamw { schedule = cosine { warmup = "5%" } },
  train = { clip = 1, early_stop = { "val.top1" } },
  eval  = { metrics = { "top1", "ece" } },
}
]]

local answers = {
  ["alhpa=1"] = "unknown parameter 'alhpa'; did you mean 'alpha'?",
  ["alpha=much"] = "parameter 'alpha' must be a number, got 'much'",
  ["alpha=1,2"] = "parameter 'alpha' takes one value here; several are an axis of 'sweep': moonlab sweep FILE alpha=1,2",
  ["balance=a,b"] = "parameter 'balance' takes one value here; several are an axis of 'sweep': moonlab sweep FILE balance=a,b",
  ["teacher=1"] = "parameter 'teacher' must be true or false, got 1",
  ["count=0"] = "parameter 'count' must be a positive integer, got 0",
  ["seed=-1"] = "parameter 'seed' must be a non-negative integer, got -1",
  ["optm=sgd"] = "unknown parameter 'optm'; did you mean 'optim'?",
  ["optim=foo"] = "option 'optim' of experiment{} must be an optimizer, got 'foo'",
  ["optim.lrr=1"] = "unknown key 'lrr' in adamw{}; did you mean 'lr'?",
  ["optim.lr=fast"] = "option 'lr' of adamw{} must be a non-negative number, got 'fast'",
  ["optim.lr=1e-3,1e-4"] =
    "option 'lr' of adamw{} takes one value here; several are an axis of 'sweep': moonlab sweep FILE optim.lr=1e-3,1e-4",
  ["optim.schedule.warmup=200%"] = "option 'warmup' of cosine{} must be a percentage such as \"5%\" or a non-negative integer, got '200%'",
  ["model.heads.binry.dim=3"] = "unknown key 'binry' in heads{}; did you mean 'binary'?",
  ["model.heads.binary.dmi=3"] = "unknown key 'dmi' in head.lwal{}; did you mean 'dim'?",
  ["model.encoder.width=0"] = "option 'width' of vision.cnn{} must be a positive integer, got 0",
  ["data.datasets[3].val=1"] = "'datasets' has 2 items, none at [3]",
  ["data.mix=balancd"] = "option 'mix' of join{} must be one of proportional, balanced, got 'balancd'; did you mean 'balanced'?",
  ["data.datasets[1].only=0,1"] =
    "the script has read 'classes' of mnist5k{}, which depends on 'only'; make it a knob: params { only = ... }",
  ["loss.cee.reduction=sum"] = "unknown key 'cee' in the loss (its terms are ce, mse, nll); did you mean 'ce'?",
  ["loss.nll.pool=smu"] = "option 'pool' of path.nll{} must be one of mean, sum, random, got 'smu'; did you mean 'sum'?",
  ["loss.ce[2].reduction=sum"] = "the loss has 1 term 'ce', none at [2]",
  ["train.epocs=3"] = "unknown key 'epocs' in train{}; did you mean 'epochs'?",
  ["train.timeout=2x"] = "option 'timeout' of train{} must be a duration such as \"90s\", \"15m\", \"2h\", got '2x'",
  ["train.epochs.more=1"] = "'epochs' is 10 and has no 'more'",
  ["~model.encoder"] = "option 'encoder' of trunk{} has no default",
  ["optim="] = "option 'optim' of experiment{} must be an optimizer, got ''",
  ["data=join"] = "option 'data' of experiment{} must be a dataset or a join, got 'join'",
  ["[1]=2"] = "the key must begin with a name",
  ["lr"] = "override 'lr' must be written key=value or ~key",
}

for override, expected in pairs(answers) do
  isolated("wrong override " .. override, function()
    local result, errors = language.evaluate({ name = "x.lua", text = script }, { override })
    t.ok(not result, "the override must be refused")
    local text = language.format(errors)
    if override ~= "lr" then expected = ("override '%s': %s"):format(override, expected) end
    t.eq(text, expected)
  end)
end

isolated("all wrong overrides at once, beside a mistake in the script", function()
  local _, errors = language.evaluate({ name = "x.lua", text = script:gsub("clip", "clop") },
    { "alhpa=1", "optim.lrr=2", "optim.lr=3" })
  t.eq(language.format(errors, { plain = true }), table.concat({
    "x.lua:9:13: unknown key 'clop' in train{}; did you mean 'clip'?",
    "override 'alhpa=1': unknown parameter 'alhpa'; did you mean 'alpha'?",
    "override 'optim.lrr=2': unknown key 'lrr' in adamw{}; did you mean 'lr'?",
  }, "\n"))
end)

isolated("a script that is not there", function()
  local _, errors = language.evaluate "no/such/script.lua"
  t.eq(language.format(errors), "no/such/script.lua: No such file or directory")
end)

isolated("the caret stands below the character, whatever bytes come before it", function()
  local _, errors = language.evaluate { name = "x.lua", text = 'local s, e = "äöü", adamw { lrr = 1 }' }
  t.eq(language.format({ errors[1] }), "x.lua:1:32: unknown key 'lrr' in adamw{}; did you mean 'lr'?\n"
    .. '  local s, e = "äöü", adamw { lrr = 1 }\n'
    .. "                              ^")
end)

isolated("on a terminal a long line is cut around the place", function()
  local text = 'return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }, optim = adamw { lrr = 1 } }'
  local _, errors = language.evaluate { name = "x.lua", text = text }
  local shown = language.format({ errors[1] }, { width = 60 })
  local lines = {}
  for line in shown:gmatch "[^\n]+" do lines[#lines + 1] = line end
  t.eq(lines[2], "  ... head = head.softmax {} }, optim = adamw { lrr = 1 } }")
  t.eq(#lines[2] <= 60, true)
  shown = language.format({ errors[1] }, { width = 200 })
  t.ok(shown:find("  " .. text, 1, true))
  text = text:gsub("mnist5k {}", 'mnist5k { name = "äöüäöüäöü" }')
  _, errors = language.evaluate { name = "x.lua", text = text }
  lines = {}
  for line in language.format({ errors[1] }, { width = 60 }):gmatch "[^\n]+" do lines[#lines + 1] = line end
  t.eq(lines[2]:sub(#lines[3], #lines[3] + 2), "lrr")
end)

isolated("bytes that a terminal would obey are shown as question marks", function()
  local _, errors = language.evaluate { name = "x.lua", text = "local x = \27[31m\1 3" }
  local shown = language.format(errors)
  t.ok(not shown:find "[%z\1-\9\11-\31\127]" and shown:find("local x = ?[31m? 3", 1, true), shown)
end)
