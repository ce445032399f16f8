-- A small vocabulary for the specs of the language, with the names and shapes of the real one: the texts that the specs
-- expect then do not change when a constructor gains an option. For schema.isolated; nothing here computes.
return function(schema)
  local required, optional = schema.required, schema.optional
  local function itself(o) return o end

  schema.declare("data.mnist5k", {
    { "name", "string", "mnist5k", "name in metric keys" },
    { "fraction", "number in (0, 1]", 1.0, "share of the images" },
    { "val", "number >= 0", 0, "validation images" },
    { "only", "list of string", optional, "classes that are kept" },
  }, itself, {
    metadata = {
      classes = { function(o) return o.only and #o.only or 10 end, depends = { "only" } },
      class_names = function(o) return o.only or { "0", "1" } end,
      size = function() error("mnist_5k.csv.gz: no such file", 0) end,
    },
  })
  schema.declare("join", {
    { "datasets", "list of node data", required, "what is joined", at = "rest" },
    { "graph", "node graph", optional, "the graph" },
    { "batch", "integer > 0", 32, "batch" },
    { "mix", "one of proportional|balanced", "proportional", "order" },
  }, itself)
  schema.declare("graph", { { "parts", "list of any", {}, "its parts", at = "rest" } }, itself, {
    named = true,
    methods = { trim = { { { "share", "number in [0, 1]", required, "share dropped", at = 1 } }, itself } },
  })
  schema.declare("vision.cnn", { { "width", "integer > 0", 16, "channels" } }, itself)
  schema.declare("text.minilm", {}, itself, {
    methods = { encode = { { { "names", "list of string", required, "texts", at = 1 } }, itself } },
  })
  schema.declare("head.softmax", { { "l2", "number >= 0", 0.0, "penalty" } }, itself)
  schema.declare("head.lwal", { { "dim", "integer > 0", 10, "length" }, { "repel", "number >= 0", 0, "repulsion" } }, itself)
  schema.declare("head.dense", { { "labels", "node text", required, "vectors" } }, itself)
  schema.declare("trunk", {
    { "encoder", "node vision|text", required, "features", at = 1 },
    { "head", "node head", optional, "the head" },
    { "heads", "map of node head", optional, "several heads" },
  }, itself, {
    check = function(o)
      if (o.head == nil) == (o.heads == nil) then return "give either head = ... or heads = { name = ... }", "head" end
    end,
  })
  schema.declare("loss.ce", {
    { "label_smoothing", "number in [0, 1]", 0.0, "share" },
    { "reduction", "one of mean|sum|none", "mean", "how samples become one number" },
  }, itself)
  schema.declare("loss.mse", { { "reduction", "one of mean|sum|none", "mean", "how" } }, itself)
  schema.declare("loss.sum", { { "terms", "list of any", required, "terms" } }, itself)
  schema.declare("loss.term", { { "fn", "function", required, "the function", at = 1 } }, itself)
  schema.declare("path.nll", { { "pool", "one of mean|sum|random", "mean", "over paths" } }, itself)
  schema.declare("balance.metabalance", { { "relax", "number in [0, 1]", 0.7, "relax" } }, itself)
  schema.declare("mixture", {
    { "main", "string", required, "main head" },
    { "balance", "node balance", optional, "balance" },
    { "weights", "map of (number >= 0 or node loss)", {}, "weights", at = "keys" },
  }, itself, {
    check = function(o)
      local sum = 0
      for _, weight in schema.pairs(o.weights) do sum = sum + (type(weight) == "number" and weight or 0) end
      if math.abs(sum - 1) > 1e-6 then return ("the weights sum to %g, not to 1"):format(sum), "main" end
    end,
  })
  schema.declare("optim.cosine", { { "warmup", "percent or integer >= 0", 0, "rising steps" } }, itself)
  schema.declare("optim.adamw", {
    { "lr", "number >= 0", 1e-3, "step size" },
    { "weight_decay", "number >= 0", 1e-2, "shrinks weights" },
    { "schedule", "node optim.cosine or function", optional, "step size over time" },
  }, itself)
  schema.declare("optim.sgd", { { "lr", "number >= 0", 1e-3, "step size" } }, itself)

  schema.declare("experiment", {
    { "data", "node data|join", required, "a dataset" },
    { "model", "node trunk", required, "the model" },
    { "loss", "node loss|path|mixture or function", optional, "what is minimised" },
    { "optim", "node optim", function() return schema.find "optim.adamw" {} end, "the optimizer" },
    { "train", {
      { "epochs", "integer > 0", 10, "how often" },
      { "seed", "integer >= 0", 0, "random streams" },
      { "device", "string", "auto", "where", display = true },
      { "timeout", "duration", optional, "longest time" },
      { "clip", "number > 0", optional, "longest gradient" },
      { "early_stop", { { "metric", "string", required, "key", at = 1 }, { "patience", "integer > 0", 5, "epochs" } },
        optional, "ends early" },
      { "on", "map of function", optional, "hooks" },
    }, {}, "how it is trained" },
    { "eval", { { "metrics", "list of string", { "top1" }, "measured" } }, {}, "how it is evaluated" },
  }, itself, { named = true })
  schema.declare("ablate", {
    { "base", "path or function", required, "the experiment" },
    { "seeds", "list of integer >= 0", { 1, 2, 3 }, "seeds" },
    { "rows", schema.list { { "label", "string", required, "name", at = 1 },
                            { "changes", "map of (number or string or boolean)", {}, "changes", at = "keys" } },
      {}, "rows", at = "rest" },
    { "jobs", "integer > 0", 2, "at the same time", display = true },
  }, itself, { named = true })
end
