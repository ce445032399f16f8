local course = require "course"
local ema = require "ema"
local nearest = require "language.nearest"
local schema = require "schema"

local early_stop = {
  { "metric", "string", schema.required, "the key to watch, such as \"val.top1\"", at = 1 },
  { "patience", "integer > 0", 5, "epochs without a better value before training ends" },
  { "mode", "one of max|min", "max", "whether larger or smaller is better" },
  { "min_delta", "number >= 0", schema.optional, "what is better by no more than this does not count; 0 where absent" },
}

local training = {
  { "epochs", "integer > 0", schema.optional, "passes through the training data; 10 where steps are not given" },
  { "steps", "integer > 0", schema.optional, "ends training after this many steps" },
  { "seed", "integer >= 0", schema.optional, "seed of all random streams of training; the script's seed where absent" },
  { "device", "string", "auto", "auto, cpu, cuda or cuda:N", display = true },
  { "accumulate", "integer > 0", 1, "batches whose gradients make one update, each divided by their number" },
  { "deterministic", "boolean", false,
    "only operators that give the same numbers each time, on a GPU too; one that cannot is an error" },
  { "precision", "one of fp32|bf16|fp16", "fp32", "autocast of the forward pass; fp16 scales the loss" },
  { "log", "list of string", {},
    "what of a mixture is logged: grad_norm/*, grad_cosine/*, task_weight/* (* or a head's name)", display = true },
  { "clip", "number > 0", schema.optional, "largest norm of the gradient; longer ones are scaled down" },
  { "clip_value", "number > 0", schema.optional, "largest number in a gradient; larger ones are cut to it" },
  { "ema", ema.fields, schema.optional,
    "a moving average of the weights is what is evaluated and kept; a number is its decay" },
  { "channels_last", "boolean", schema.optional, "weights of convolutions, and so what they give, with channels last in memory" },
  { "early_stop", early_stop, schema.optional,
    "ends training when a metric gets no better; checkpoint = \"best\" goes back to the best weights" },
  { "checkpoint", "one of last|best|none", "last", "which weights the run keeps" },
  { "checkpoint_every", "integer > 0 or duration or one of epoch|never", schema.optional,
    "when a checkpoint of the whole training is written, from which it can go on: after so many steps, a time such as "
    .. "\"10m\", each epoch; where absent at the end of an epoch where that costs little", display = true },
  { "on", "map of function", schema.optional, "hooks: start, epoch, sample, forward, criterion, backward, step, end" },
}

local evaluation = {
  { "on", "string or list of string", "test",
    "the split that is evaluated at the end, [dataset.]split, or several, each on its own dataset's classes" },
  { "during", "list of string", {}, "splits evaluated while training, such as { \"val\" }" },
  { "every", "integer > 0 or one of epoch", 1, "epochs between two evaluations while training; \"epoch\" is 1" },
  { "metrics", "list of (string or node metric or function)", { "top1" }, "what is measured, [head.]name" },
  { "main", "string", schema.optional, "the metric that stands for the run; the first one where absent" },
  { "decode", "one of greedy|beam|class|path_set", "greedy",
    "the likeliest path step by step or by a beam, (class) of those to the evaluated classes alone, or (path_set) every "
    .. "class whose path is likely enough" },
  { "beam_width", "integer > 0", 8, "paths that a beam keeps" },
  { "threshold", "number in [0, 1] or one of tune", 0.5,
    "probability from which on a class is in a predicted set; tune: the one with the best f1_micro on val" },
  { "report", "list of (one of paths|decisions|graph|nodes|join|per_class|confusion|reliability|similar_labels"
    .. " or node node_report)", {},
    "what is written beside the numbers, of every split of `on`" },
  { "plots", "list of node plot", {}, "what is drawn after training, to artifacts/NAME.svg", display = true },
  { "examples", "integer > 0", 10, "samples shown by the reports of paths and decisions", display = true },
  { "batch", "integer > 0", 250, "samples a batch of an evaluation", display = true },
}

-- Metrics of what only one kind of model gives.
local of_paths = { path_valid = true, path_correct = true, nondeterministic_share = true }
local of_scores = { confidence = true, ece = true }
local of_heads = { tau_b = true }

local function unmeasurable(o, decodes)
  for _, entry in ipairs(o.eval.metrics) do
    if course.is(entry) then entry = entry.args.metric end
    local name = (schema.is_node(entry) and entry.kind or entry):match "[^.]*$"
    if of_paths[name] and not decodes then return name .. ": the model decodes no paths; it needs a path_decoder" end
    if of_heads[name] and decodes then return name .. ": a path_decoder has no head whose labels could be compared" end
    if of_scores[name] and decodes and o.eval.decode ~= "class" then
      return name .. ": a path_decoder gives probabilities of all classes only with decode = \"class\""
    end
  end
end

-- No split at all, or one twice.
local function splits(on)
  local seen = {}
  for _, split in ipairs(type(on) == "table" and on or { on }) do
    if seen[split] then return ("eval.on: '%s' is given twice"):format(split) end
    seen[split] = true
  end
  if next(seen) == nil then return "eval.on: name a split that is evaluated at the end, such as \"test\"" end
end

-- A way to predict that the model does not have.
local function decoding(o)
  local decodes, sets = o.model.kind == "path_decoder", o.eval.decode == "path_set"
  if o.eval.decode ~= "greedy" and not decodes then
    return ("eval.decode = \"%s\" needs a path_decoder as model"):format(o.eval.decode)
  end
  local head = o.model.args.head
  sets = sets or (schema.is_node(head) and head.kind == "head.label_set")
  if o.eval.threshold == "tune" and not sets then
    return decodes and "a threshold is tuned for predicted sets: decode = \"path_set\""
      or "a threshold is tuned for predicted sets: head.label_set as the model's head"
  end
end

-- What is chosen while training (when to stop, which weights to keep) is chosen on data that is evaluated meanwhile and
-- that is no test data.
local function selection(o)
  local watched = o.train.early_stop and o.train.early_stop.metric
  if not watched and o.train.checkpoint ~= "best" then return nil end
  local during = {}
  for _, split in ipairs(o.eval.during) do
    if split:match "[^.]*$" == "test" then
      return "early stopping and the best weights would be chosen on the test data; evaluate \"val\" while training"
    end
    during[#during + 1] = split
    if watched and watched:sub(1, #split + 1) == split .. "." then return nil end
  end
  if not watched and #during > 0 then return nil end
  if watched then
    return ("early_stop: '%s' is not evaluated while training; write eval = { during = { \"val\" } }"):format(watched)
  end
  return "checkpoint = \"best\" needs eval = { during = { \"val\" } }"
end

-- Hooks that nothing would ever call.
local function hooks(o)
  local known = require "train".hooks
  for name in schema.pairs(o.train.on or {}) do
    local there = false
    for _, hook in ipairs(known) do there = there or hook == name end
    if not there then
      return ("train.on: unknown hook '%s'%s (%s)"):format(name, nearest.did_you_mean(name, known), table.concat(known, ", "))
    end
  end
end

-- How a mixture trains, and what of it is written down.
local function mixing(o, mixes)
  if #o.train.log > 0 and not mixes then return "log: gradients and weights of tasks are those of a mixture" end
  local problem = require "task_log".problem(o.train.log)
  if problem then return problem end
  local adam = mixes and o.loss.args.balance and o.loss.args.balance.kind == "balance.mtadam"
  local kind = o.optim and o.optim.kind or "optim.adamw"
  if adam and kind ~= "optim.adam" and kind ~= "optim.adamw" then
    return ("mtadam steps as Adam does, with its rates: optim = adam {} or adamw {}, not %s"):format(schema.title(kind))
  end
  if adam and kind == "optim.adam" and o.optim.args.weight_decay ~= 0 then
    return "mtadam: adam's weight_decay would join one task's gradient; adamw's does not"
  end
  if (o.optim or {}).kind == "optim.lbfgs" and (mixes or o.train.accumulate > 1 or o.train.precision == "fp16") then
    return "lbfgs looks at a batch several times: no mixture, accumulate or precision = \"fp16\" fits it"
  end
end

--- One training run: data, a model, what it minimises, how it is trained and what is measured.
-- @usage experiment "digits" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} } }
return schema.declare("experiment", {
  { "name", "string", schema.required, "part of the run's id" },
  { "data", "node data|join|pseudo", schema.required, "a dataset, a join of several, or one with pseudo labels" },
  { "model", "node trunk|path_decoder", schema.required, "the model" },
  { "loss", "node loss|path|mixture or function", schema.optional, "what is minimised, or function(out, batch) -> scalar; a single head brings its own" },
  { "optim", "node optim", function() return schema.find "optim.adamw" {} end, "the optimizer; adamw {} where absent" },
  { "train", training, {}, "how it is trained" },
  { "eval", evaluation, {}, "how it is evaluated" },
}, function(o, context) return require "trial".assemble(o, context) end, {
  named = true,
  check = function(o)
    local decodes = o.model.kind == "path_decoder"
    local heads = not decodes and o.model.args.heads
    local names = heads and schema.keys(heads) or {}
    local problem = require "evaluate".problem(o.eval.metrics, names)
    if problem then return problem, "eval" end
    problem = splits(o.eval.on) or unmeasurable(o, decodes) or decoding(o)
    if problem then return problem, "eval" end
    problem = hooks(o) or selection(o)
    if problem then return problem, "train" end
    local mixes = o.loss and o.loss.kind == "mixture"
    problem = mixing(o, mixes)
    if problem then return problem, "train" end
    if #names > 0 and not o.model.args.head and not mixes then
      return "several heads need loss = mixture { main = ..., name = weight, ... }", "loss"
    end
    if decodes and o.data.kind ~= "join" then
      return ("a path_decoder needs a label graph: data = join { graph = ..., %s {...} }"):format(
        schema.title(o.data.kind)), "data"
    end
    if decodes and (o.loss == nil or mixes) then
      return "a path_decoder learns from paths: loss = path.nll {} + path.reinforce {}", o.loss and "loss" or "model"
    end
    for _, item in ipairs(o.loss and not mixes and (o.loss.args.terms or { { term = o.loss } }) or {}) do
      local kind = item.term.kind
      if kind ~= "loss.term" and decodes ~= (kind:match "^path%." ~= nil) then
        return decodes
          and schema.title(kind) .. " needs a head; a path_decoder learns from path.nll and path.reinforce"
          or kind .. " needs a path_decoder as model", "loss"
      end
    end
    if o.loss and o.loss.kind == "mixture" then
      for name in schema.pairs(o.loss.args.weights) do
        local known = false
        for _, head in ipairs(names) do known = known or head == name end
        if not known then
          return ("mixture: the model has no head '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names),
            #names > 0 and table.concat(names, ", ") or "write trunk { ..., heads = { name = ... } }"), "loss"
        end
      end
    end
  end,
})
