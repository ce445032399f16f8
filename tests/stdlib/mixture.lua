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
  local self = balanced.new(node, { model = model })
  for key, value in pairs(options or {}) do self[key] = value end
  local state = { model = model, optim = optim, batch = { x = x, y = y } }
  self:forward(state)
  self:criterion(state)
  local function total(a, b, c)
    local features = x:matmul(a):tanh()
    return ce(features:matmul(b), { y = y }) * 0.7 + mse(features:matmul(c), { y = y }) * 0.3
  end
  return self, state, all, total, optim
end

local sum = { combine = function(_, by_task)
  local combined = {}
  for k = 1, #by_task[1] do combined[k] = by_task[1][k] + by_task[2][k] end
  return combined
end }

t.test("without a balance the gradients are those of the weighted sum", function()
  local self, state, all, total = setup()
  local expected = { torch.autograd.grad(total(unpack(all)), all) }
  self:backward(state)
  for k, parameter in ipairs(all) do t.near(parameter.grad, expected[k], 1e-12, "parameter " .. k) end
  t.near(state.loss:item(), total(unpack(all)):item(), 1e-12)
  t.eq(self.names, { "onehot", "helper" })
end)

t.test("a balance that adds gives the same gradients", function()
  local self, state, all, total = setup { balance = sum }
  local expected = { torch.autograd.grad(total(unpack(all)), all) }
  self:backward(state)
  for k, parameter in ipairs(all) do t.near(parameter.grad, expected[k], 1e-12, "parameter " .. k) end
end)

t.test("the balance sees each task's weighted gradient, the main task first, and decides the trunk alone", function()
  local seen
  local take_main = { combine = function(_, by_task)
    seen = by_task
    return by_task[1]
  end }
  local self, state, all = setup { balance = take_main }
  local features = state.batch.x:matmul(all[1]):tanh()
  local ce = schema.build(schema.find "loss.ce" {})
  local main = torch.autograd.grad(ce(features:matmul(all[2]), state.batch) * 0.7, all[1])
  self:backward(state)
  t.eq(#seen, 2)
  t.near(all[1].grad, main, 1e-12)
  t.ok(all[3].grad:abs():sum():item() > 0, "the helper's head keeps its own gradient")
end)

t.test("two_pass takes the trunk's gradient at the heads that have stepped", function()
  local self, state, all, total, optim = setup { balance = sum, two_pass = true }
  local first = { torch.autograd.grad(total(unpack(all)), all) }
  local one, two = all[2]:detach() - first[2] * 0.1, all[3]:detach() - first[3] * 0.1
  self:backward(state)
  self:update(state)
  t.eq(optim.stepped, { "heads", "trunk" })
  local expected = torch.autograd.grad(total(all[1], one, two), all[1])
  t.near(all[1].grad, expected, 1e-12)
  t.ok((expected - first[1]):abs():max():item() > 1e-4, "the two passes differ here")
end)

t.test("weights must sum to 1, main must be a head, a loss may stand in place of a number", function()
  local mixture, ce = schema.find "mixture", schema.find "loss.ce"
  t.raises(function() mixture { main = "a", a = 0.5, b = 0.4 } end, "must sum to 1, they sum to 0.9")
  t.raises(function() mixture { main = "c", a = 0.5, b = 0.5 } end, "main = 'c' is none of its heads")
  t.raises(function() mixture { main = "a", a = 0.5, b = ce {} } end, "head 'b': write weight * loss")
  t.ok(schema.is_node(mixture { main = "a", a = 0.5, b = 0.5 * ce {} }))
end)
