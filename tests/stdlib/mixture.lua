local t = require "test"
local balanced = require "balanced"
local schema = require "schema"

-- A trunk of one layer and two linear heads in float64, so that gradients can be written down by autograd.
local function setup(options)
  torch.manual_seed(3)
  local function matrix(rows, columns)
    return torch.randn(rows, columns, { dtype = "float64" }):requires_grad_()
  end
  local trunk, one, two = matrix(3, 4), matrix(4, 2), matrix(4, 2)
  local x = torch.randn(5, 3, { dtype = "float64" })
  local y = torch.tensor({ 0, 1, 1, 0, 1 }, { dtype = "int64" })
  local ce, mse = schema.build(schema.find "loss.ce" {}), schema.build(schema.find "loss.mse" {})
  local function head(weight, loss)
    return {
      module = { parameters = function() return { weight } end },
      forward = function(_, features) return features:matmul(weight) end,
      losses = function(_, logits, batch, criterion)
        return { { name = "loss", value = (criterion or loss)(logits, batch) } }
      end,
    }
  end
  local heads = { onehot = head(one, ce), helper = head(two, mse) }
  local model = {
    head_names = { "onehot", "helper" },
    head = function(_, name) return heads[name] end,
    parameters = function() return { trunk }, { one, two } end,
    features = function(_, batch) return batch.x:matmul(trunk):tanh() end,
  }
  local all = { trunk, one, two }
  local optim = {
    stepped = {},
    zero_grad = function() for _, p in ipairs(all) do p.grad = nil end end,
    step = function(self, group)
      self.stepped[#self.stepped + 1] = group or "all"
      if group == "heads" then
        torch.no_grad(function() for _, p in ipairs { one, two } do p:sub_(p.grad * 0.1) end end)
      end
    end,
  }
  local node = { main = "onehot", weights = { helper = 0.3, onehot = 0.7 } }
  for key, value in pairs(options or {}) do node[key] = value end
  local self = balanced.new(node, { model = model })
  if node.sees then self.balance, self.combines = { combine = node.sees }, true end
  local state = { model = model, optim = optim, batch = { x = x, y = y } }
  self:forward(state)
  self:criterion(state)
  local function total(a, b, c)
    local features = x:matmul(a):tanh()
    return ce(features:matmul(b), { y = y }) * 0.7 + mse(features:matmul(c), { y = y }) * 0.3
  end
  return self, state, all, total, optim
end

local metabalance = schema.find "balance.metabalance"

t.test("without a balance the gradients are those of the weighted sum", function()
  local self, state, all, total = setup()
  local expected = { torch.autograd.grad(total(unpack(all)), all) }
  self:backward(state)
  for k, parameter in ipairs(all) do t.near(parameter.grad, expected[k], 1e-12, "parameter " .. k) end
  t.near(state.loss:item(), total(unpack(all)):item(), 1e-12)
  t.eq(self.names, { "onehot", "helper" })
end)

t.test("a balance that adds gives the same gradients, in the trunk or everywhere", function()
  for _, scope in ipairs { "trunk", "all" } do
    local self, state, all, total = setup { balance = metabalance { relax = 0 }, scope = scope }
    local expected = { torch.autograd.grad(total(unpack(all)), all) }
    self:backward(state)
    for k, parameter in ipairs(all) do t.near(parameter.grad, expected[k], 1e-12, "parameter " .. k) end
  end
end)

t.test("the balance sees each task's weighted gradient, the main task first, and decides the trunk alone", function()
  local seen
  local self, state, all = setup { sees = function(_, gradients)
    seen = gradients:lists()
    return seen[1]
  end }
  local features = state.batch.x:matmul(all[1]):tanh()
  local ce = schema.build(schema.find "loss.ce" {})
  local main = torch.autograd.grad(ce(features:matmul(all[2]), state.batch) * 0.7, all[1])
  self:backward(state)
  t.eq(#seen, 2)
  t.near(all[1].grad, main, 1e-12)
  t.ok(all[3].grad:abs():sum():item() > 0, "the helper's head keeps its own gradient")
end)

t.test("scope all: one vector of trunk and heads, where a task's length counts its own head", function()
  local pcgrad = schema.find "balance.pcgrad"
  local self, state, all, total = setup { balance = pcgrad {}, scope = "all" }
  local features = state.batch.x:matmul(all[1]):tanh()
  local ce, mse = schema.build(schema.find "loss.ce" {}), schema.build(schema.find "loss.mse" {})
  local one = { torch.autograd.grad(ce(features:matmul(all[2]), state.batch) * 0.7, { all[1], all[2] },
    { retain_graph = true }) }
  local two = { torch.autograd.grad(mse(features:matmul(all[3]), state.batch) * 0.3, { all[1], all[3] }) }
  local function dot(a, b) return (a * b):sum():item() end
  local product = dot(one[1], two[1])
  local lengths = { dot(one[1], one[1]) + dot(one[2], one[2]), dot(two[1], two[1]) + dot(two[2], two[2]) }
  local share = math.min(product, 0)
  self:backward(state)
  t.near(all[1].grad, one[1] * (1 - share / lengths[1]) + two[1] * (1 - share / lengths[2]), 1e-12)
  t.near(all[2].grad, one[2] * (1 - share / lengths[1]), 1e-12)
end)

t.test("two_pass takes the trunk's gradient at the heads that have stepped", function()
  local self, state, all, total, optim = setup { balance = metabalance { relax = 0, mode = "two_pass" } }
  local first = { torch.autograd.grad(total(unpack(all)), all) }
  local one, two = all[2]:detach() - first[2] * 0.1, all[3]:detach() - first[3] * 0.1
  self:backward(state)
  self:update(state)
  t.eq(optim.stepped, { "heads", "trunk" })
  local expected = torch.autograd.grad(total(all[1], one, two), all[1])
  t.near(all[1].grad, expected, 1e-12)
  t.ok((expected - first[1]):abs():max():item() > 1e-4, "the two passes differ here")
end)

-- One number everywhere: x = 2, trunk a = 0.5, so that f = 1; heads w = 3 and -1 with targets 1 and 2, both of weight
-- 0.5; loss (w f - t)^2 / 2; the heads step by 0.1 g ... the sums below are worked out by hand (003-06).
t.test("joint, two_pass and stale on numbers worked out by hand", function()
  local expected = { joint = 9, two_pass = 7.9325, stale = 8.35 }
  for mode, sum in pairs(expected) do
    local function scalar(value) return torch.tensor({ { value } }, { dtype = "float64" }) end
    local a = scalar(0.5):requires_grad_()
    local w, targets = { scalar(3):requires_grad_(), scalar(-1):requires_grad_() }, { 1, 2 }
    local heads = {}
    for i = 1, 2 do
      heads[i] = { module = { parameters = function() return { w[i] } end },
        forward = function(_, features) return features * w[i] end,
        losses = function(_, z) return { { name = "loss", value = ((z - targets[i]):square() / 2):sum() } } end }
    end
    local model = { head_names = { "one", "two" }, parameters = function() return { a }, w end,
      head = function(_, name) return heads[name == "one" and 1 or 2] end,
      features = function(_, batch) return batch.x * a end }
    local optim = { zero_grad = function() a.grad, w[1].grad, w[2].grad = nil, nil, nil end, step = function(_, group)
      if group == "heads" then
        torch.no_grad(function() for _, p in ipairs(w) do p:sub_(p.grad * 0.1) end end)
      end
    end }
    local self = balanced.new({ main = "one", weights = { one = 0.5, two = 0.5 }, scope = "trunk",
                                balance = metabalance { relax = 0, mode = mode } }, { model = model })
    local state = { model = model, optim = optim, batch = { x = scalar(2) } }
    self:forward(state)
    self:criterion(state)
    self:backward(state)
    t.near(w[1].grad:item(), 1, 1e-12)
    t.near(a.grad:item(), sum, 1e-12, mode)
    self:update(state)
  end
end)

t.test("batches of one update add up to the update of one large batch, in every mode", function()
  for _, mode in ipairs { "none", "joint", "two_pass", "stale" } do
    local function run(rows)
      local self, state, all = setup { balance = mode ~= "none" and metabalance { relax = 0.7, mode = mode } or nil }
      local x, y = state.batch.x["0:4"], state.batch.y["0:4"]
      state.accumulate, state.loss = 4 / rows, nil
      self.batches = require "accumulation".new()
      for i = 0, 3, rows do
        state.batch = { x = x:narrow(0, i, rows), y = y:narrow(0, i, rows) }
        self:forward(state)
        self:criterion(state)
        self:backward(state)
        self:update(state)
        state.loss = nil
      end
      return all, state
    end
    local whole, parts = run(4), run(2)
    for k in ipairs(whole) do t.near(parts[k].grad, whole[k].grad, 1e-12, mode .. ", parameter " .. k) end
    for k in ipairs(whole) do t.near(parts[k], whole[k], 1e-12) end
  end
end)

t.test("the last update of an epoch, or of the steps, takes what is left", function()
  local accumulation = require "accumulation"
  local function sizes(batches, epochs, n, steps)
    local list, a, step = {}, accumulation.new(), 0
    for epoch = 1, epochs do
      for _ = 1, batches do
        step = step + 1
        if steps and step > steps then break end
        a:next { accumulate = n, epoch = epoch, step = step, steps = steps,
                 loaders = { train = { batches = function() return batches end } } }
        if a.last then list[#list + 1] = a.size end
      end
    end
    t.eq(accumulation.updates(batches, epochs, steps, n), #list)
    return list
  end
  t.eq(sizes(5, 2, 2), { 2, 2, 1, 2, 2, 1 })
  t.eq(sizes(5, 2, 3, 9), { 3, 2, 3, 1 })
  t.eq(sizes(4, 1, 1), { 1, 1, 1, 1 })
end)

t.test("weights follow their schedule and sum to 1 at every step", function()
  local task_weight = require "task_weight"
  local cosine = schema.find "optim.cosine"
  local w = task_weight.new({ "a", "b" }, { 0.5, 0.5 }, {
    a = function(_, _, epoch) return epoch end, b = cosine {} }, { steps = 10 })
  t.eq(w:at(0, 1), { 0.5, 0.5 })
  local later = w:at(5, 3) -- 3 against a half
  t.near(later[1], 3 / 3.5, 1e-9)
  t.near(later[1] + later[2], 1, 1e-12)
  local broken = task_weight.new({ "a", "b" }, { 0.5, 0.5 }, { a = function() return -1 end }, {})
  t.raises(function() broken:at(3, 1) end, "the schedule of 'a' gave -1 at step 3")
  local none = task_weight.new({ "a" }, { 1 }, { a = function() return 0 end }, {})
  t.raises(function() none:at(0, 1) end, "all are 0")
  t.raises(function() task_weight.new({ "a" }, { 1 }, { c = cosine {} }, {}) end, "'c' is none of its heads")
  t.raises(function() task_weight.new({ "a" }, { 1 }, { a = schema.find "optim.plateau" {} }, {}) end,
    "a schedule that knows the step")
end)

t.test("norms, cosines, weights are means since the last reading; a gradient that breaks has a name", function()
  local log = require "task_log".new({ "a", "b" }, { "grad_norm/*", "grad_cosine/*", "task_weight/b" })
  local function gram(values) return torch.tensor({ values }, { dtype = "float64" }) end
  log:add_weights({ 0.25, 0.75 }, "cpu")
  log:add_weights({ 0.75, torch.tensor(0.25) }, "cpu")
  log:add_gram(gram { { 4, 3 }, { 3, 9 } })
  log:add_gram(gram { { 16, 0 }, { 0, 1 } })
  local record = log:read()
  t.near(record["grad_norm/a"], 3, 1e-6)
  t.near(record["grad_norm/b"], 2, 1e-6)
  t.near(record["grad_cosine/a-b"], 0.25, 1e-6)
  t.near(record["task_weight/b"], 0.5, 1e-6)
  t.eq(record["task_weight/a"], nil)
  t.eq(log:read(), {})
  t.eq(log:broken(), nil)
  log:add_gram(gram { { 1, 0 }, { 0, 0 / 0 } })
  log:add_gram(gram { { 0 / 0, 0 }, { 0, 0 / 0 } })
  local name, at = log:broken()
  t.eq({ name, at }, { "b", 3 })
end)

t.test("patterns of nothing that is logged are refused", function()
  local problem = require "task_log".problem
  t.eq(problem { "grad_norm/*", "task_weight/onehot", "grad_cosine/*" }, nil)
  t.ok(problem { "gradnorm/*" }:find("'gradnorm/*' is nothing that is logged", 1, true))
  t.ok(problem { "grad_norm" }:find "nothing that is logged")
end)

t.test("weights must sum to 1, main must be a head, a loss may stand in place of a number", function()
  local mixture, ce = schema.find "mixture", schema.find "loss.ce"
  t.raises(function() mixture { main = "a", a = 0.5, b = 0.4 } end, "must sum to 1, they sum to 0.9")
  t.raises(function() mixture { main = "c", a = 0.5, b = 0.5 } end, "main = 'c' is none of its heads")
  t.raises(function() mixture { main = "a", a = 0.5, b = ce {} } end, "head 'b': write weight * loss")
  t.ok(schema.is_node(mixture { main = "a", a = 0.5, b = 0.5 * ce {} }))
end)

t.test("what a balance cannot do is refused where it is written", function()
  local mixture = schema.find "mixture"
  local pcgrad, dwa = schema.find "balance.pcgrad", schema.find "balance.dwa"
  t.raises(function() mixture { main = "a", a = 1, balance = pcgrad {} } end,
    "pcgrad balances two tasks or more; this mixture has the head 'a' alone")
  t.raises(function() mixture { main = "a", a = 0.5, b = 0.5, balance = dwa {}, scope = "all" } end,
    "dwa is none")
  t.raises(function()
    mixture { main = "a", a = 0.5, b = 0.5, balance = metabalance { mode = "two_pass" }, scope = "all" }
  end, "leaves no heads that could step first")
  t.raises(function() mixture { main = "a", a = 0.5, b = 0.5, schedule = { c = function() return 1 end } } end,
    "schedule: 'c' is none of its heads")
end)
