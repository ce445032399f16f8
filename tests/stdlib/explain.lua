-- explain: options by their paths as overrides write them, keys of metrics, and what messages mean.
local t = require "test"
local explain = require "explain"

local function has(key, ...)
  local text, message = explain(key)
  t.ok(text, key .. ": " .. tostring(message))
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true),
    ("%q is not in what is said about %s:\n%s"):format(part, key, text)) end
end

local function refused(key, expected)
  local text, message = explain(key)
  t.eq({ text, message }, { nil, expected })
end

t.test("options by the path that an override takes", function()
  has("optim.lr", "optim.lr of the experiment\n", "learning rate\n", "default 0.001 in adam, adamw",
    "default 1 in adadelta, lbfgs")
  has("optim.lr=1e-3", "optim.lr of the experiment\n")
  has("~optim.lr", "optim.lr of the experiment\n")
  has("model.encoder.widths", "outputs of the layers", "vision.mlp")
  has("model.heads.binary.bits", "length of a label", "of head.binary")
  has("model.heads.binary", "node head")
  has("loss.nll.pool", "one of mean|sum|random; default \"mean\"", "of path.nll")
  has("loss.nll", "path.nll { ... }")
  has("loss.onehot", "the weight of each head")
  has("data.datasets[2].val", "in arxiv, clinc150, text, trec")
  has("train.on.step", "hooks")
  has("weight_decay", "of adamw:\n      share of a weight")
  refused("model.encoder.widthz", "the experiment has no option 'model.encoder.widthz'; did you mean 'width'?")
  refused("optim.lrr", "the experiment has no option 'optim.lrr'; did you mean 'lr'?")
  for _, key in ipairs { "", ".", "a..b", "%" } do refused(key, ("nothing is known about '%s'"):format(key)) end
  refused("train.epochs.more", "the experiment has no option 'train.epochs.more'")
end)

t.test("keys of metrics", function()
  has("val.top1", "val.top1 is a key of metrics", "  val        the validation data\n", "Share of samples")
  has("pets.test.onehot.ece", "  pets       the dataset of that name",
    "  onehot     the head of that name: heads = { onehot = ... }")
  has("onehot.top1", "Measured keys have a split in front of it: test.onehot.top1")
  has("test.seconds", "seconds of training so far")
end)

t.test("messages, with what they name looked up", function()
  has("x.lua:5:30: unknown key 'weight_decy' in adamw{}; did you mean 'weight_decay'?", "adamw { ... }",
    "weight_decay  share")
  has("adamw: option 'lr' must be a non-negative number, got 'fast'", "a non-negative number is wanted",
    "lr of adamw\n")
  has("experiment: option 'train.early_stop.patience' must be a positive integer, got 0", "patience  epochs without")
  has("unknown head 'lwall'; did you mean 'lwal'? (dense)", "head.lwal ")
  has("unknown vision encoder 'resnet' (cnn)", "vision.resnet18")
  has("'os.time' is not available in a script; a script is", "moonlab FILE.lua")
  has("exit code 75", "interrupted")
  has("attempt to perform arithmetic on local 'a' (a function value)", "term(function(out, batch)")
  has("'}' expected (to close '{' at line 2) near 'model'", "comma")
  t.eq(explain "colourless green ideas sleep", nil)
end)

-- Every text that answers a wrong script is explained, or one would be sent to look at nothing.
t.test("the answers to the wrong scripts of the specs are all explained", function()
  local folder = require "language.folder"
  local scripts = debug.getinfo(1, "S").source:match "^@(.*)stdlib/[^/]*$" .. "cli/scripts/"
  local error_texts, silent = require "error_texts", {}
  for _, file in ipairs(folder.files(scripts, "%.txt$")) do
    for line in io.lines(scripts .. file) do
      local message = line:match "^%S+%.lua:%d+:%d+: (.*)$" or line:match "^%S+%.lua: (.*)$"
      if file == "error_called.txt" then message = nil end        -- the script's own words
      if message and not error_texts.explain(message) then silent[#silent + 1] = file .. ": " .. message end
    end
  end
  t.eq(table.concat(silent, "\n"), "")
end)
