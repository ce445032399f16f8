-- Mixtures through the training loop: heads of every kind of layer, all balances, logs, accumulation, precision,
-- mistakes.
local t = require "test"
local balanced = require "balanced"
local nn = require "nn"
local precision = require "precision"
local schema = require "schema"
local train = require "train"

local find = schema.find
local function balance(name, options) return find("balance." .. name)(options or {}) end

local function regression(target)
  return function(head)
    head.losses = function(_, outputs, batch)
      return { { name = "mse", value = (outputs - target(batch)):square():mean() } }
    end
    return head
  end
end

-- A trunk of two layers with batch norm, and two heads; one of them has batch norm and dropout of its own.
local function setup(options)
  options = options or {}
  torch.manual_seed(options.seed or 1)
  local encoder = nn.Sequential(nn.Linear(6, 16, { bias = false }), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8),
    nn.ReLU())
  local modules = { one = nn.Sequential(nn.Linear(8, 3)),
    two = nn.Sequential(nn.Linear(8, 4, { bias = false }), nn.BatchNorm1d(4), nn.Dropout(0.5)) }
  local heads = {}
  for name, module in pairs(modules) do
    heads[name] = regression(function(batch) return batch[name] end) {
      module = module, forward = function(_, features) return module(features) end }
  end
  local whole = nn.Module {}
  whole.encoder, whole.one, whole.two = encoder, modules.one, modules.two
  if options.before then options.before(modules, encoder) end
  modules.encoder = encoder
  local trunk, own = {}, {}
  for _, parameter in ipairs(encoder:parameters()) do
    if parameter.requires_grad then trunk[#trunk + 1] = parameter end
  end
  for _, name in ipairs { "one", "two" } do
    for _, parameter in ipairs(modules[name]:parameters()) do own[#own + 1] = parameter end
  end
  local model = { module = whole, head_names = { "one", "two" }, heads_by_name = heads,
    head = function(_, name) return heads[name] end, parameters = function() return trunk, own end,
    features = function(_, batch) return encoder(batch.x) end, train = function() whole:train() end,
    eval = function() whole:eval() end }
  local objective = balanced.new({ main = "one", weights = { one = 0.5, two = 0.5 }, schedule = options.schedule,
    balance = options.balance, scope = options.scope or "trunk" },
    { model = model, steps = 8, seed = 3, device = "cpu" })
  objective:logs(options.log or {})
  local groups = { { name = "trunk", parameters = trunk }, { name = "heads", parameters = own } }
  if #objective:own_parameters() > 0 then groups[3] = { name = "balance", parameters = objective:own_parameters() } end
  local batches = {}
  torch.manual_seed(9)
  for i = 1, 4 do batches[i] = { x = torch.randn(8, 6), one = torch.randn(8, 3), two = torch.randn(8, 4) } end
  local loader = { batches = function() return #batches end, each = function()
    local i = 0
    return function()
      i = i + 1
      local batch = batches[i] -- a batch is freed with its step
      return batch and { x = batch.x:clone(), one = batch.one:clone(), two = batch.two:clone() }
    end
  end }
  local records = {}
  local state = { model = model, objective = objective, device = "cpu", epochs = options.epochs or 2, every = 1,
    metrics = {}, loaders = { train = loader },
    optim = find "optim.adamw" { lr = 1e-2 }:build { groups = groups, steps = 8 },
    log = function(record) records[#records + 1] = record end }
  for key, value in pairs(options.state or {}) do state[key] = value end
  return state, records, modules, whole
end

local function weights_of(whole)
  local list = {}
  for i, parameter in ipairs(whole:parameters()) do list[i] = parameter:detach():reshape(-1) end
  return torch.cat(list)
end

local every = { "fixed", "metabalance", "pcgrad", "gradvac", "gradnorm", "mtadam", "uncertainty", "dwa" }
local all_logs = { "grad_norm/*", "grad_cosine/*", "task_weight/*" }

for _, name in ipairs(every) do
  t.test(name .. ": trains, logs what it does, gives the same twice", function()
    local function run(log)
      local state, records, _, whole = setup { balance = balance(name), log = log, epochs = 4 }
      train.run(state)
      return records, weights_of(whole), state
    end
    local records, weights = run(all_logs)
    local again, same = run(all_logs)
    t.ok(torch.equal(weights, same))
    t.ok(weights:isfinite():all():item())
    t.ok(records[4]["train.loss"] < records[1]["train.loss"])
    for i, record in ipairs(records) do
      for _, key in ipairs { "grad_norm/one", "grad_norm/two", "grad_cosine/one-two", "task_weight/one",
                             "task_weight/two" } do
        t.ok(type(record[key]) == "number" and record[key] == again[i][key], key)
      end
      t.ok(math.abs(record["grad_cosine/one-two"]) <= 1 + 1e-6)
      if name ~= "uncertainty" then t.near(record["task_weight/one"] + record["task_weight/two"], 1, 1e-5) end
    end
    -- what is logged changes nothing
    local _, silent = run {}
    t.near(silent, weights, 1e-4)
  end)
end

t.test("two_pass: the second pass draws the same dropout and the batch norms of heads count once", function()
  local function gradients(mode)
    local state, _, modules, whole = setup { balance = balance("metabalance", { relax = 0.5, mode = mode }) }
    state.optim.step = function() end -- heads that do not move: both passes see the same
    state.epochs, state.steps = 1, 1
    local seen
    state.on = { backward = function() seen = {} for i, p in ipairs(whole:parameters()) do seen[i] = p.grad:clone() end
      for i in ipairs(seen) do keep(seen[i]) end end }
    train.run(state)
    t.eq(modules.two[1].num_batches_tracked:item(), 1)
    return seen, modules.two[1].running_mean:clone(), torch.get_rng_state()
  end
  local joint, mean, random = gradients "joint"
  for _, mode in ipairs { "two_pass", "stale" } do
    local twice, mean_2, random_2 = gradients(mode)
    for i in ipairs(joint) do t.near(twice[i], joint[i], 1e-6, mode .. " " .. i) end
    t.near(mean_2, mean, 1e-7)
    t.ok(torch.equal(random, random_2))
  end
end)

t.test("hooks see norms, cosines and weights of the step", function()
  local seen
  local state = setup { balance = balance "pcgrad", state = { steps = 1, on = {
    backward = function(s)
      seen = { s.tasks.names, s.tasks.norms:totable(), s.tasks.cosines:size(0), #s.tasks.weights }
    end } } }
  train.run(state)
  t.eq({ seen[1], seen[3], seen[4] }, { { "one", "two" }, 2, 2 })
  t.ok(seen[2][1] > 0 and seen[2][2] > 0)
end)

t.test("a schedule of weights shows in the log", function()
  local state, records = setup { log = { "task_weight/*" },
    schedule = { two = function(_, _, epoch) return epoch == 1 and 1 or 0 end } }
  train.run(state)
  t.near(records[1]["task_weight/two"], 0.5, 1e-6)
  t.near(records[2]["task_weight/two"], 0, 1e-6)
  t.near(records[2]["task_weight/one"], 1, 1e-6)
end)

t.test("accumulation counts updates, and clipping holds for the combined gradient", function()
  for _, name in ipairs { "metabalance", "gradnorm", "mtadam", "dwa" } do
    local norms = {}
    local state, _, _, whole = setup { balance = balance(name), state = { accumulate = 3, clip = 1e-3 } }
    local updates, step = 0, state.optim.advance
    state.optim.advance = function(self) updates = updates + 1 return step(self) end
    state.on = { step = function(s)
      if s.objective.batches.last then
        local squares = 0
        for _, p in ipairs(whole:parameters()) do squares = squares + p.grad:square():sum():item() end
        norms[#norms + 1] = math.sqrt(squares)
      end
    end }
    train.run(state)
    t.eq(updates, 4, name) -- 3 + 1 batches in each of two epochs
    for _, norm in ipairs(norms) do t.ok(norm <= 1.001e-3, name .. " " .. norm) end
  end
end)

t.test("bfloat16 follows float32 roughly; float16 scales, and leaves out a step that overflows", function()
  for _, mode in ipairs { "joint", "two_pass" } do
    local function run(kind)
      local state, records = setup { balance = balance("metabalance", { mode = mode }),
                                     state = { precision = precision.new(kind, "cpu") } }
      train.run(state)
      return records[2]["train.loss"], state
    end
    local plain = run "fp32"
    t.near((run "bf16"), plain, 0.1 * plain)
    local half, state = run "fp16"
    t.near(half, plain, 0.1 * plain)
    t.ok(state.precision.scaler:get_scale() > 1)
  end
  local state, _, _, whole = setup { balance = balance "metabalance",
    state = { steps = 1, precision = precision.new("fp16", "cpu") } }
  state.precision.scaler = torch.amp.GradScaler("cpu", { init_scale = 3e38 })
  local before = weights_of(whole)
  train.run(state)
  t.ok(torch.equal(weights_of(whole), before))
  t.ok(state.precision.scaler:get_scale() < 3e38)
  t.ok(not state.diverged)
end)

t.test("a loss or a gradient that is not finite is told with the head's name", function()
  local state, _, modules = setup { balance = balance "metabalance" }
  local head = state.model.heads_by_name.two
  head.losses = function(_, outputs) return { { name = "x", value = outputs:sum() * (0 / 0) } } end
  train.run(state)
  t.eq(state.stop, "the loss of head 'two' is not finite since step 1")
  t.eq(state.diverged, 1)
  state = setup { balance = balance "metabalance" }
  head = state.model.heads_by_name.two
  local calls = 0
  head.losses = function(_, outputs)
    calls = calls + 1
    local value = calls > 2 and (outputs * 0):sqrt():sum() or outputs:square():mean() -- 0, its gradient 0 / 0
    return { { name = "x", value = value } }
  end
  train.run(state)
  t.eq(state.stop, "the gradient of head 'two' is not finite since update 3")
  t.eq(state.diverged, 3)
end)

-- Everything at once: updates of three batches, autocast, both kinds of clipping, the first layer of the trunk and a part of
-- a head frozen, batch norm in trunk and head.
local together = { { "metabalance", { mode = "joint" } }, { "metabalance", { mode = "two_pass" } },
                   { "metabalance", { mode = "stale" } }, { "pcgrad" }, { "gradvac" }, { "gradnorm" }, { "mtadam" },
                   { "uncertainty" }, { "dwa" } }
for _, entry in ipairs(together) do
  for _, kind in ipairs { "bf16", "fp16" } do
    local name, options = entry[1], entry[2]
    local title = ("%s%s in %s"):format(name, options and " " .. options.mode or "", kind)
    t.test("accumulation, clipping, frozen parts and batch norm together: " .. title, function()
      local function run()
        local first, norms, frozen = nil, {}, {}
        local state, records, modules, whole = setup { balance = balance(name, options), before = function(modules, encoder)
          encoder[0].weight:requires_grad_(false)
          modules.two[0].weight:requires_grad_(false)
          frozen = { encoder[0].weight, modules.two[0].weight }
        end, state = { accumulate = 3, clip = 1e-2, clip_value = 4e-3, precision = precision.new(kind, "cpu") } }
        first = { frozen[1]:clone(), frozen[2]:clone() }
        if kind == "fp16" then state.precision.scaler = torch.amp.GradScaler("cpu", { init_scale = 256 }) end
        local halves = { state.objective.trunk, state.objective.heads }
        local whole_step = not (options and options.mode ~= "joint")
        state.on = { step = function(s)
          if not s.objective.batches.last then return end
          local all, largest = 0, 0
          for i, half in ipairs(halves) do
            local squares = 0
            for _, p in ipairs(half) do
              if p.grad then
                squares = squares + p.grad:square():sum():item()
                largest = math.max(largest, p.grad:abs():max():item())
              end
            end
            all = all + squares
            t.ok(math.sqrt(squares) <= 1.001e-2, title)
          end
          if whole_step then t.ok(math.sqrt(all) <= 1.001e-2, title) end
          t.ok(largest <= 4.001e-3, title)
          norms[#norms + 1] = math.sqrt(all)
        end }
        train.run(state)
        t.eq(#norms, 4) -- 3 + 1 batches in each of two epochs
        for i, weight in ipairs(frozen) do t.ok(torch.equal(weight, first[i]) and not weight.grad, "a frozen part moved") end
        -- each of eight batches is counted once, in the trunk and in the head, however often it runs
        t.eq(modules.encoder[1].num_batches_tracked:item(), 8)
        t.eq(modules.two[1].num_batches_tracked:item(), 8)
        t.ok(weights_of(whole):isfinite():all():item())
        t.ok(norms[1] > 0)
        return weights_of(whole), records[2]["train.loss"]
      end
      local weights, loss = run()
      local again, same = run()
      t.ok(torch.equal(weights, again))
      t.eq(loss, same)
    end)
  end
end

t.test("frozen parts do not change what the others are given", function()
  for _, mode in ipairs { "joint", "two_pass" } do
    local function gradients(freeze)
      local seen, names = {}, {}
      local state, _, modules, whole = setup { balance = balance("metabalance", { mode = mode }),
        before = function(modules, encoder) if freeze then encoder[0].weight:requires_grad_(false) end end }
      state.optim.step = function() end
      state.epochs, state.steps = 1, 1
      state.on = { backward = function()
        for name, p in whole:named_parameters() do seen[name] = p.grad and keep(p.grad:clone()) end
      end }
      train.run(state)
      return seen
    end
    local free, frozen = gradients(false), gradients(true)
    t.eq(frozen["encoder.0.weight"], nil)
    for name, gradient in pairs(frozen) do t.near(gradient, free[name], 1e-6, mode .. " " .. name) end
    t.ok(next(frozen))
  end
end)

t.test("a task without gradient leaves the others as they are", function()
  for _, name in ipairs { "metabalance", "pcgrad", "gradvac", "gradnorm", "mtadam" } do
    local state, _, modules, whole = setup { balance = balance(name) }
    state.model.heads_by_name.two.losses = function(_, outputs)
      return { { name = "x", value = outputs:detach():sum() } }
    end
    local before = weights_of(modules.two)
    state.optim = find "optim.adamw" { lr = 1e-2, weight_decay = 0 }:build { groups = { { name = "trunk",
      parameters = state.objective.trunk }, { name = "heads", parameters = state.objective.heads } }, steps = 8 }
    train.run(state)
    t.ok(weights_of(whole):isfinite():all():item(), name)
    t.ok(torch.equal(weights_of(modules.two), before), name)
  end
end)

t.test("the state of a balance goes through a file of tensors", function()
  for _, name in ipairs { "metabalance", "pcgrad", "gradvac", "gradnorm", "mtadam", "uncertainty", "dwa" } do
    local state = setup { balance = balance(name) }
    train.run(state)
    local path = require "host.system".temporary_folder "objective" .. "/objective.safetensors"
    require "checkpoint".save(path, state.objective:state_dict())
    local other = setup { balance = balance(name) }
    other.objective:load_state_dict(require "checkpoint".load(path))
    local expected = state.objective:state_dict()
    for key, tensor in pairs(other.objective:state_dict()) do
      t.ok(torch.equal(tensor, expected[key]), name .. ": " .. key)
      expected[key] = nil
    end
    t.eq(next(expected), nil)
  end
end)

t.test("mistakes of an experiment with a mixture are found before training", function()
  local function experiment(changes)
    local o = { data = find "data.mnist5k" {}, model = find "trunk" { find "vision.cnn" {},
      heads = { onehot = find "head.softmax" {}, binary = find "head.binary" {} } },
      loss = find "mixture" { main = "onehot", onehot = 0.5, binary = 0.5, balance = changes.balance } }
    for key, value in pairs(changes) do if key ~= "balance" then o[key] = value end end
    return find "experiment" "x"(o)
  end
  t.raises(function() experiment { train = { log = { "norms/*" } } } end, "'norms/*' is nothing that is logged")
  t.raises(function() experiment { balance = balance "mtadam", optim = find "optim.sgd" {} } end,
    "mtadam steps as Adam does, with its rates")
  t.raises(function() experiment { balance = balance "mtadam", optim = find "optim.adam" { weight_decay = 0.1 } } end,
    "would join one task's gradient")
  t.raises(function() experiment { optim = find "optim.lbfgs" {} } end, "lbfgs looks at a batch several times")
  t.ok(schema.is_node(experiment { balance = balance "mtadam", train = { log = { "grad_norm/binary" } } }))
end)

t.test("a balance over a frozen trunk is refused with what to do", function()
  local model = { head_names = { "one", "two" }, parameters = function() return {}, {} end,
    head = function() return { module = { parameters = function() return {} end } } end }
  t.raises(function()
    balanced.new({ main = "one", weights = { one = 0.5, two = 0.5 }, scope = "trunk", balance = balance "pcgrad" },
      { model = model })
  end, "pcgrad: no parameter of the trunk is trained, so that the tasks share nothing to balance: leave balance out")
end)
