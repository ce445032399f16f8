-- Every balance against its definition, from gradients by finite differences: what a step of a mixture leaves in the
-- trunk and in the heads, in float64, over several batches.
local t = require "test"
local balanced = require "balanced"
local nn = require "nn"
local schema = require "schema"
local find = schema.find

local kTasks = { "first", "second", "third" }
local kWeights = { first = 0.5, second = 0.3, third = 0.2 }

-- A trunk 4 -> 5 -> 3 and three heads. `chain`: of linear layers and ReLUs, which is taken down for all tasks at once;
-- otherwise with tanh, which autograd takes down task by task.
local function setup(options)
  torch.manual_seed(options.seed or 11)
  local chain = options.chain ~= false
  local trunk = { nn.Linear(4, 5):to "float64", nn.Linear(5, 3):to "float64" }
  local loss_of = {
    first = function(z, batch) return (z - batch.first):square():mean() end,
    second = function(z, batch) return 5 + 4 * (z * batch.second):tanh():mean() end,
    third = function(z) return 0.05 * z:exp():sum(1):log():mean() end,
  }
  local heads, modules = {}, {}
  for i, name in ipairs(kTasks) do
    local module = nn.Linear(3, i + 1):to "float64"
    modules[name] = module
    heads[name] = { module = module, forward = function(_, features) return module(features) end,
      losses = function(_, z, batch) return { { name = name, value = (batch.loss or loss_of)[name](z, batch) } } end }
  end
  local function features(x)
    for _, layer in ipairs(trunk) do x = chain and layer(x):relu() or layer(x):tanh() end
    return x
  end
  local shared, own = {}, {}
  for _, layer in ipairs(trunk) do for _, p in ipairs(layer:parameters()) do shared[#shared + 1] = p end end
  for _, name in ipairs(kTasks) do for _, p in ipairs(modules[name]:parameters()) do own[#own + 1] = p end end
  local model = { head_names = kTasks, head = function(_, name) return heads[name] end,
    parameters = function() return shared, own end, features = function(_, batch) return features(batch.x) end }
  local objective = balanced.new({ main = "first", weights = kWeights, scope = options.scope or "trunk",
    balance = options.balance }, { model = model, seed = 3, device = "cpu", steps = 100 })
  local all = {}
  for _, list in ipairs { shared, own } do for _, p in ipairs(list) do all[#all + 1] = p end end
  return { objective = objective, model = model, heads = heads, modules = modules, shared = shared, own = own, all = all }
end

local function batch_of(i, more)
  torch.manual_seed(100 + i)
  local batch = { x = torch.randn(6, 4, { dtype = "float64" }), first = torch.randn(6, 2, { dtype = "float64" }),
                  second = torch.randn(6, 3, { dtype = "float64" }) }
  for key, value in pairs(more or {}) do batch[key] = value end
  return batch
end

-- d f / d p of each number of each parameter, central differences: a list of tensors.
local function differences(f, parameters)
  local list = {}
  torch.no_grad(function()
    for k, p in ipairs(parameters) do
      local flat, gradient = p.data:view(-1), torch.zeros(p:numel(), { dtype = "float64" })
      for i = 0, p:numel() - 1 do
        local kept, h = flat[i]:item(), p.dtype == "float64" and 1e-6 or 1e-2
        flat[i] = kept + h
        local above = f()
        flat[i] = kept - h
        gradient[i] = (above - f()) / (2 * h)
        flat[i] = kept
      end
      list[k] = gradient:view(p.shape)
    end
  end)
  return list
end

-- Gradients of each task's weighted loss: by_task[t][k], over `parameters`.
local function by_task(net, batch, parameters)
  local lists = {}
  for i, name in ipairs(kTasks) do
    local head = net.heads[name]
    lists[i] = differences(function()
      local z = head:forward(net.model:features(batch))
      return head:losses(z, batch)[1].value:item() * kWeights[name]
    end, parameters)
  end
  return lists
end

-- One step of the objective without an optimizer's: the gradients of all parameters.
local function gradients(net, batch)
  local state = { model = net.model, batch = batch, epoch = 1, step = 1, optim = { needs_closure = false,
    zero_grad = function() for _, p in ipairs(net.all) do p.grad = nil end end, step = function() end } }
  net.objective:forward(state)
  net.objective:criterion(state)
  net.objective:backward(state)
  return state
end

local function dot(a, b)
  local sum = 0
  for k in ipairs(a) do sum = sum + (a[k] * b[k]):sum():item() end
  return sum
end
local function plus(a, b, factor)
  local sum = {}
  for k in ipairs(a) do sum[k] = a[k] + b[k] * (factor or 1) end
  return sum
end
local function check(net, parameters, expected, note)
  for k, p in ipairs(parameters) do t.near(p.grad, expected[k], 2e-8, ("%s, parameter %d"):format(note, k)) end
end
local function summed(lists)
  local sum = lists[1]
  for i = 2, #lists do sum = plus(sum, lists[i]) end
  return sum
end

-- The heads have the gradient of their own weighted loss, whatever happens in the trunk.
local function check_heads(net, batch, note)
  for i, name in ipairs(kTasks) do
    local own = net.modules[name]:parameters()
    check(net, own, by_task(net, batch, own)[i], note .. ", head " .. name)
  end
end

-- MetaBalance on lists of gradients: m is kept by the caller.
local function metabalance(lists, m, relax, beta, norm_of)
  local out = {}
  for k in ipairs(lists[1]) do
    m[k] = m[k] or {}
    for i in ipairs(lists) do m[k][i] = beta * (m[k][i] or 0) + (1 - beta) * norm_of(lists[i], k) end
    out[k] = lists[1][k]
    for i = 2, #lists do
      local ratio = m[k][i] > 0 and m[k][1] > 0 and m[k][1] / m[k][i] or 1
      out[k] = out[k] + lists[i][k] * (relax * ratio + 1 - relax)
    end
  end
  return out
end
local function of_tensor(list, k) return list[k]:norm():item() end
local function of_whole(list) return math.sqrt(dot(list, list)) end

for _, chain in ipairs { true, false } do
  local kind = chain and "chain" or "graph"

  t.test("metabalance, of tensors and of the whole, over three batches: " .. kind, function()
    for part, norm_of in pairs { tensor = of_tensor, whole = of_whole } do
      local net, m = setup { chain = chain, balance = find "balance.metabalance" { part = part, relax = 0.6 } }, {}
      for step = 1, 3 do
        local batch = batch_of(step)
        local lists = by_task(net, batch, net.shared)
        gradients(net, batch)
        check(net, net.shared, metabalance(lists, m, 0.6, 0.9, norm_of), ("%s, step %d"):format(part, step))
        check_heads(net, batch, part)
      end
    end
  end)

  t.test("pcgrad and gradvac in given orders: " .. kind, function()
    local orders = { { 2, 1 }, { 0, 2 }, { 1, 0 } }
    for _, name in ipairs { "pcgrad", "gradvac" } do
      local net = setup { chain = chain, seed = 5, balance = find("balance." .. name) {} }
      net.objective.balance:set_orders(orders)
      local target, turned = {}, 0
      for step = 1, 3 do
        local batch = batch_of(step)
        local g, total = by_task(net, batch, net.shared), nil
        for i = 1, 3 do
          local v = g[i]
          for _, from_0 in ipairs(orders[i]) do
            local j = from_0 + 1
            local key, length = i .. j, math.sqrt(dot(v, v) * dot(g[j], g[j]))
            local phi, aim = dot(v, g[j]) / length, target[i .. j] or 0
            if phi < aim then
              turned = turned + 1
              if name == "pcgrad" then
                v = plus(v, g[j], -dot(v, g[j]) / dot(g[j], g[j]))
              else
                local rest = math.sqrt(1 - aim * aim)
                v = plus(v, g[j], math.sqrt(dot(v, v)) * (aim * math.sqrt(1 - phi * phi) - phi * rest)
                  / (math.sqrt(dot(g[j], g[j])) * rest))
              end
            end
            if name == "gradvac" then target[key] = 0.99 * aim + 0.01 * phi end
          end
          total = total and plus(total, v) or v
        end
        gradients(net, batch)
        check(net, net.shared, total, ("%s, step %d"):format(name, step))
        check_heads(net, batch, name)
      end
      t.ok(turned > 0, "no two gradients were in conflict: nothing was tested")
    end
  end)
end

t.test("fixed, and no balance at all, are the sum", function()
  for _, balance in ipairs { find "balance.fixed" {}, false } do
    local net, batch = setup { balance = balance or nil }, batch_of(1)
    local lists = by_task(net, batch, net.shared)
    gradients(net, batch)
    check(net, net.shared, summed(lists), "sum")
    check_heads(net, batch, "sum")
  end
end)

t.test("gradnorm: the weights that one batch gives are those of the next, in trunk and heads", function()
  local net = setup { balance = find "balance.gradnorm" { alpha = 1.5, lr = 0.1 } }
  local w, initial = { 1, 1, 1 }, nil
  for step = 1, 3 do
    local batch = batch_of(step)
    local lists = by_task(net, batch, net.shared)
    local weighted = {}
    for i = 1, 3 do weighted[i] = plus(lists[i], lists[i], w[i] - 1) end
    local losses, norms, mean = {}, {}, 0
    for i, name in ipairs(kTasks) do
      losses[i] = net.heads[name]:losses(net.heads[name]:forward(net.model:features(batch)), batch)[1].value:item()
      norms[i] = lists[i][3]:norm():item() / kWeights[name] -- the last weight of the trunk; the declared weight cancels
    end
    initial = initial or losses
    gradients(net, batch)
    check(net, net.shared, summed(weighted), "step " .. step)
    for i, name in ipairs(kTasks) do
      local own = net.modules[name]:parameters()
      local list = by_task(net, batch, own)[i]
      check(net, own, plus(list, list, w[i] - 1), "head " .. name)
    end
    local ratios, ratio = {}, 0
    for i = 1, 3 do
      mean, ratios[i] = mean + w[i] * norms[i] / 3, losses[i] / initial[i]
      ratio = ratio + ratios[i] / 3
    end
    local next_w, all = {}, 0
    for i = 1, 3 do
      local gap = w[i] * norms[i] - mean * (ratios[i] / ratio) ^ 1.5
      next_w[i] = w[i] - 0.1 * (gap > 0 and 1 or gap < 0 and -1 or 0) * norms[i]
      next_w[i] = math.max(next_w[i], 1e-6)
      all = all + next_w[i]
    end
    for i = 1, 3 do w[i] = next_w[i] / all * 3 end
    t.near(net.objective.balance:state_dict().weights, w, 1e-7, "step " .. step)
  end
end)

t.test("uncertainty: trunk, heads and the learnt deviations have the gradient of one loss", function()
  local net, batch = setup { balance = find "balance.uncertainty" {} }, batch_of(1)
  local everything = { unpack(net.all) }
  for _, p in ipairs(net.objective:own_parameters()) do everything[#everything + 1] = p end
  local s = net.objective:own_parameters()
  t.ok(#s > 0)
  for _, p in ipairs(s) do p.grad = nil end
  local function total()
    local state = { model = net.model, batch = batch, epoch = 1, step = 1 }
    net.objective:forward(state)
    net.objective:criterion(state)
    return state.loss:item()
  end
  local expected = differences(total, everything)
  gradients(net, batch)
  for k, p in ipairs(everything) do t.near(p.grad, expected[k]:to(p.dtype), p.dtype == "float64" and 2e-8 or 1e-4) end
end)

t.test("dwa: equal factors for two epochs, then by how the losses fell", function()
  local net, batch = setup { balance = find "balance.dwa" { temperature = 2 } }, batch_of(1)
  local lists = by_task(net, batch, net.shared)
  local dwa = net.objective.balance
  gradients(net, batch)
  check(net, net.shared, summed(lists), "first epoch")
  dwa.host:epoch()
  for i, name in ipairs(kTasks) do -- the losses of a second epoch
    local factor = ({ 0.9, 0.5, 1.2 })[i]
    local before = net.heads[name].losses
    net.heads[name].scaled = function(self, z, b) return { { name = name, value = before(self, z, b)[1].value * factor } } end
  end
  local plain = {}
  for _, name in ipairs(kTasks) do plain[name], net.heads[name].losses = net.heads[name].losses, net.heads[name].scaled end
  gradients(net, batch)
  dwa.host:epoch()
  for _, name in ipairs(kTasks) do net.heads[name].losses = plain[name] end
  gradients(net, batch)
  local exponentials, all = {}, 0
  for i, ratio in ipairs { 0.9, 0.5, 1.2 } do
    exponentials[i] = math.exp(ratio / 2)
    all = all + exponentials[i]
  end
  local weighted = {}
  for i = 1, 3 do weighted[i] = plus(lists[i], lists[i], 3 * exponentials[i] / all - 1) end
  check(net, net.shared, summed(weighted), "third epoch")
end)

t.test("mtadam: two steps of all parameters by its definition", function()
  local net = setup { balance = find "balance.mtadam" {} }
  local lr, eps, m, v, n = 0.05, 1e-8, {}, {}, {}
  local optim = find "optim.adam" { lr = lr, eps = eps }:build {
    groups = { { name = "trunk", parameters = net.shared }, { name = "heads", parameters = net.own } }, steps = 10 }
  for step = 1, 2 do
    local batch = batch_of(step)
    local lists, expected = by_task(net, batch, net.all), {}
    for k, p in ipairs(net.all) do
      n[k], m[k], v[k] = n[k] or {}, m[k] or {}, v[k] or {}
      local anchor
      for i = 1, 3 do
        local norm = lists[i][k]:norm():item()
        norm = norm > 1e-7 and norm or 0 -- of differences that are rounding alone: the task has no part in it
        n[k][i] = step == 1 and norm or 0.9 * n[k][i] + 0.1 * norm
        if not anchor and n[k][i] > 1e-10 then anchor = n[k][i] end
      end
      local sum, largest = torch.zeros_like(p.data), torch.zeros_like(p.data)
      for i = 1, 3 do
        if n[k][i] > 0 then
          local g = lists[i][k] * (anchor / n[k][i])
          m[k][i] = (m[k][i] or torch.zeros_like(g)) * 0.9 + g * 0.1
          v[k][i] = (v[k][i] or torch.zeros_like(g)) * 0.999 + g * g * 0.001
          sum = sum + m[k][i]
          largest = torch.maximum(largest, (v[k][i] / (1 - 0.999 ^ step)):sqrt() + eps)
        end
      end
      expected[k] = p.data - sum / largest * (lr / (1 - 0.9 ^ step))
    end
    local state = gradients(net, batch)
    state.optim = optim
    net.objective:update(state)
    -- where a gradient is all but 0 its sign, and so Adam's step, is rounding: such numbers are few
    for k, p in ipairs(net.all) do
      local off = (p.data - expected[k]):abs():gt(1e-5):double():mean():item()
      t.ok(off == 0, ("step %d, parameter %d: %.0f %% off"):format(step, k, 100 * off))
    end
  end
end)

t.test("scope all: trunk and heads are one; a head is reached by its own task alone", function()
  for _, part in ipairs { "tensor", "whole" } do
    local net, m = setup { scope = "all", balance = find "balance.metabalance" { part = part, relax = 0.8 } }, {}
    for step = 1, 2 do
      local batch = batch_of(step)
      local lists = by_task(net, batch, net.all)
      for _, list in ipairs(lists) do
        for k in ipairs(list) do if list[k]:abs():max():item() < 1e-8 then list[k]:zero_() end end
      end
      gradients(net, batch)
      check(net, net.all, metabalance(lists, m, 0.8, 0.9, part == "tensor" and of_tensor or of_whole), part)
    end
  end
  local net, batch = setup { scope = "all", balance = find "balance.pcgrad" {} }, batch_of(2)
  net.objective.balance:set_orders { { 1, 2 }, { 0, 2 }, { 0, 1 } }
  local g, total = by_task(net, batch, net.all), nil
  for i = 1, 3 do
    local v = g[i]
    for j = 1, 3 do
      if j ~= i and dot(v, g[j]) < 0 then v = plus(v, g[j], -dot(v, g[j]) / dot(g[j], g[j])) end
    end
    total = total and plus(total, v) or v
  end
  gradients(net, batch)
  check(net, net.all, total, "pcgrad")
end)

local function silent(z) return (z * 0):sum() end
local function broken(z) return z:sum() * (0 / 0) end

t.test("a task whose gradient is zero leaves the others as they are", function()
  for _, quiet in ipairs { "first", "second" } do -- the main task, an auxiliary one
    for _, name in ipairs { "metabalance", "pcgrad", "gradvac" } do
      local net = setup { balance = find("balance." .. name) {} }
      local before = net.heads[quiet].losses
      net.heads[quiet].losses = function(_, z) return { { name = "silent", value = silent(z) } } end
      local batch, expected = batch_of(1), nil
      local lists = by_task(net, batch, net.shared)
      for _, list in ipairs(lists) do for k in ipairs(list) do t.ok(list[k]:isfinite():all():item()) end end
      if name == "metabalance" then
        expected = metabalance(lists, {}, 0.7, 0.9, of_tensor)
      else
        if name == "pcgrad" then net.objective.balance:set_orders { { 1, 2 }, { 0, 2 }, { 0, 1 } } end
        if name == "gradvac" then net.objective.balance:set_orders { { 1, 2 }, { 0, 2 }, { 0, 1 } } end
        local total
        for i = 1, 3 do
          local v = lists[i]
          for j = 1, 3 do
            if j ~= i and dot(v, lists[j]) < -1e-18 then v = plus(v, lists[j], -dot(v, lists[j]) / dot(lists[j], lists[j])) end
          end
          total = total and plus(total, v) or v
        end
        expected = total
      end
      gradients(net, batch)
      check(net, net.shared, expected, name .. " without " .. quiet)
      net.heads[quiet].losses = before
    end
  end
end)

t.test("a gradient that is not finite leaves no trace in metabalance's norms, nor in another head", function()
  local net, m = setup { balance = find "balance.metabalance" {} }, {}
  local before = net.heads.second.losses
  local early, late = batch_of(1), batch_of(2)
  local lists = by_task(net, early, net.shared)
  metabalance(lists, m, 0.7, 0.9, of_tensor)
  gradients(net, early)
  net.heads.second.losses = function(_, z) return { { name = "broken", value = broken(z) } } end
  gradients(net, late)
  for _, p in ipairs(net.shared) do t.ok(not p.grad:isfinite():all():item()) end -- told, not hidden
  for _, name in ipairs { "first", "third" } do
    for _, p in ipairs(net.modules[name]:parameters()) do t.ok(p.grad:isfinite():all():item(), name) end
  end
  net.heads.second.losses = before
  lists = by_task(net, late, net.shared)
  for k in ipairs(lists[1]) do -- the sound tasks' norms moved on, the broken one's stayed
    for _, i in ipairs { 1, 3 } do m[k][i] = 0.9 * m[k][i] + 0.1 * of_tensor(lists[i], k) end
  end
  local third = batch_of(3)
  lists = by_task(net, third, net.shared)
  gradients(net, third)
  check(net, net.shared, metabalance(lists, m, 0.7, 0.9, of_tensor), "after it")
end)

t.test("the modes: at the heads as they are, or as they have stepped", function()
  for _, mode in ipairs { "joint", "two_pass" } do
    local net, batch = setup { balance = find "balance.metabalance" { mode = mode } }, batch_of(1)
    local lists = by_task(net, batch, net.shared)
    local own = {}
    for i, name in ipairs(kTasks) do own[name] = by_task(net, batch, net.modules[name]:parameters())[i] end
    local state = { model = net.model, batch = batch, epoch = 1, step = 1, optim = {
      zero_grad = function() for _, p in ipairs(net.all) do p.grad = nil end end,
      step = function(_, group)
        if group ~= "heads" then return end
        torch.no_grad(function() for _, p in ipairs(net.own) do p:sub_(p.grad * 0.3) end end)
      end } }
    net.objective:forward(state)
    net.objective:criterion(state)
    net.objective:backward(state)
    if mode == "two_pass" then lists = by_task(net, batch, net.shared) end -- at the heads that have moved
    check(net, net.shared, metabalance(lists, {}, 0.7, 0.9, of_tensor), mode)
    for _, name in ipairs(kTasks) do check(net, net.modules[name]:parameters(), own[name], mode .. " " .. name) end
  end
end)
