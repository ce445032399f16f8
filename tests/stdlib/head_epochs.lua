-- Heads that listen to epochs or keep labels, in experiments: alone, in mixtures, under balances, in joins, saved.
local t = require "test"
local schema = require "schema"

local function find(name) return schema.find(name) end

-- 40 pictures of 4 classes: one bright row each.
local set
do
  local images, y = torch.zeros(40, 1, 4, 4, { dtype = "uint8" }), torch.arange(40):remainder(4)
  for i = 0, 39 do images[i][0][y[i]:item()]:fill_(200) end
  set = require "host.data".from_tensors(images, y, { name = "rows", class_names = { "a", "b", "c", "d" } })
end

local Rows = schema.declare("data.rows_of_head_epochs", {}, function()
  local owner = { batch = 8, class_names = { "a", "b", "c", "d" }, classes = 4, last = "keep" }
  return { name = "rows", class_names = owner.class_names, classes = 4, sets = { train = set, test = set },
    splits = function() return { "train", "test" } end,
    loader = function(_, split, options) return require "dataset".loader({ { set } }, split, owner, options) end }
end)

local function experiment(model, more)
  local options = { data = Rows {}, model = model, optim = find "optim.adam" { lr = 0.02 }, train = { epochs = 8 } }
  for key, value in pairs(more or {}) do options[key] = value end
  return find "experiment" "rows" (options)
end

local function run(node)
  local made = schema.build(node, { seed = 1, device = "cpu" })
  return made, require "trial".run(made, {})
end

local trunk, mlp = find "trunk", find "vision.mlp" { widths = { 8 } }

t.test("LwAL learns, every term is logged, its labels are what tau_b looks at", function()
  local made, state = run(experiment(trunk { mlp, head = find "head.lwal" { dim = 12, repel = 10 } }))
  t.eq(state.final[1][2], 1)
  t.eq(made.objective.names, { "ce", "repel" })
  local head = made.model.heads[1].head
  t.eq(head.module.steps:item(), state.step)
  t.eq({ head:label_vectors():size(0), head:label_vectors():size(1) }, { 4, 12 })
  t.ok(head.module:state_dict().labels ~= nil)
end)

t.test("static labels and LWR learn; what LWR stores has a row a sample", function()
  for _, options in ipairs { { dim = 6 }, { vectors = "onehot", loss = "ce" } } do
    local _, state = run(experiment(trunk { mlp, head = find "head.static"(options) }))
    t.eq(state.final[1][2], 1)
  end
  for _, form in ipairs { "lwr", "lwal" } do
    local made, state = run(experiment(trunk { mlp, head = find "head.lwr" { form = form, update_every = 2 } }))
    t.eq(state.final[1][2], 1)
    local head = made.model.heads[1].head
    t.near(head:soft_labels():sum(1), torch.ones(40), 1e-5)
    t.near(head.now, 0.9, 1e-12) -- in epoch 8 of 8, which stores anew
  end
end)

t.test("beside other heads, under a balance in two passes, with batches added up", function()
  local heads = { onehot = find "head.softmax" {}, lwal = find "head.lwal" { dim = 8, repel = 1, warmup_steps = 3 },
                  lwr = find "head.lwr" { update_every = 1 } }
  for _, mode in ipairs { "joint", "two_pass", "stale" } do
    local mixture = find "mixture" { main = "onehot", onehot = 0.6, lwal = 0.2, lwr = 0.2,
      balance = find "balance.metabalance" { mode = mode } }
    for _, accumulate in ipairs { 1, 2 } do
      local made, state = run(experiment(trunk { mlp, heads = heads },
        { loss = mixture, train = { epochs = 12, accumulate = accumulate } }))
      for _, pair in ipairs(state.final) do t.ok(pair[2] > 0.7, mode .. " " .. pair[1] .. " " .. pair[2]) end
      t.eq(made.model:head "lwal".module.steps:item(), state.step) -- a second pass is no step
    end
  end
end)

t.test("half precision: what is kept is finite and of float32", function()
  for _, kind in ipairs { "head.lwal", "head.lwr", "head.static" } do
    local made, state = run(experiment(trunk { mlp, head = find(kind) {} },
      { train = { epochs = 8, precision = "bf16" } }))
    t.ok(state.final[1][2] > 0.9, kind)
    for name, tensor in pairs(made.model.heads[1].head.module:state_dict()) do
      t.ok(tensor.dtype ~= "bfloat16" and tensor:double():isfinite():all():item(), kind .. " " .. name)
    end
  end
end)

t.test("the same seed learns the same labels, to the last bit; warm-up counted by epochs begins anew", function()
  local function labels()
    return (run(experiment(trunk { mlp, head = find "head.lwal" { repel = 10 } }))).model.heads[1].head:label_vectors()
  end
  t.ok(torch.equal(labels(), labels()))
  local made = run(experiment(trunk { mlp, head = find "head.lwal" { warmup_steps = 2, warmup_counts = "epoch" } }))
  t.eq(made.model.heads[1].head.module.steps:item(), 5) -- 40 samples in batches of 8
end)

t.test("a loss of one's own beside the labels, and repulsion as a term", function()
  local loss = find "loss.sum" { terms = { { weight = 1, term = find "loss.ce" {} },
                                           { weight = 0.1, term = find "loss.repel" { weight = 1 } } } }
  for _, kind in ipairs { "head.softmax", "head.lwr" } do
    local _, state = run(experiment(trunk { mlp, head = find(kind) {} }, { loss = loss }))
    t.eq(state.final[1][2], 1, kind)
  end
  local _, state = run(experiment(trunk { mlp, head = find "head.lwal" {} },
    { loss = find "loss.ce" { label_smoothing = 0.1 } }))
  t.eq(state.final[1][2], 1)
end)
