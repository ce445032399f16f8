-- The graph: nodes, hooks on them and on what they keep, anomaly mode, modes, versions.
local t = require "test"
local A = torch.autograd

local function leaf(values) return torch.tensor(values, { dtype = "float64", requires_grad = true }) end

t.test("nodes know their names and what came before", function()
  local x = leaf { 1, 2 }
  local y = (x * x):sum()
  t.eq(y.grad_fn:name(), "SumBackward0")
  local product = y.grad_fn.next_functions[1][1]
  t.eq(tostring(product), "<MulBackward0>")
  t.ok(rawequal(product.next_functions[1][1].variable, x))
  t.ok(y.grad_fn == y.grad_fn)
  t.eq(x.grad_fn, nil)
  t.eq(A.graph.get_gradient_edge(x).node:name(), "AccumulateGrad")
  t.raises(function() return y.grad_fn.nmae end, "did you mean 'name'")
end)

t.test("hooks of nodes see and replace gradients until they are removed", function()
  local x = leaf { 1, 2 }
  local y = (x * x):sum()
  local node, order = y.grad_fn.next_functions[1][1], {}
  local after = node:register_hook(function(inputs, outputs)
    order[#order + 1] = ("%d from %d"):format(#inputs, #outputs)
    return { inputs[1] * 10, inputs[2] }
  end)
  local before = node:register_prehook(function(outputs)
    order[#order + 1] = "before"
    return { outputs[1] * 2 }
  end)
  y:backward { retain_graph = true }
  t.eq(order, { "before", "2 from 1" })
  t.eq(x.grad:totable(), { 22, 44 })
  after:remove()
  before:remove()
  x.grad = nil
  y:backward()
  t.eq(x.grad:totable(), { 2, 4 })
end)

t.test("a hook after accumulation may take the gradient away", function()
  local x, calls = leaf { 1, 2 }, 0
  local handle = x:register_post_accumulate_grad_hook(function(p)
    calls = calls + 1
    t.ok(rawequal(p, x))
    p.grad = nil
  end)
  local function step() (x * 2):sum():backward() end
  step()
  t.eq({ calls, x.grad }, { 1, nil })
  handle:remove()
  step()
  t.eq({ calls, x.grad:totable() }, { 1, { 2, 2 } })
  t.raises(function() (x * 2):register_post_accumulate_grad_hook(print) end, "no leaf")
end)

t.test("hooks on saved tensors pack and unpack; their errors come through", function()
  local x, packed = leaf { 2 }, 0
  local y = A.graph.saved_tensors_hooks(function(s)
    packed = packed + 1
    return { s:to "float32" }
  end, function(p) return p[1]:to "float64" end, function() return x * x end)
  y:backward()
  t.eq({ packed, x.grad:item() }, { 2, 4 })
  t.raises(function()
    A.graph.saved_tensors_hooks(function() error "boom" end, function(p) return p end, function() return x * x end)
  end, "boom")
  t.raises(function()
    A.graph.disable_saved_tensors_hooks("not here", function() return A.graph.save_on_cpu(function() return x:exp() end) end)
  end, "not here")
end)

t.test("anomaly mode names the node and the line of the forward", function()
  local x = leaf { -1, 2 }
  local message = t.raises(function()
    A.detect_anomaly(function() (x:sqrt() * 0):sum():backward() end)
  end, "nan")
  t.ok(tostring(message):find("SqrtBackward0 was made by.*autograd_graph.lua:%d+"))
  t.eq(torch.is_anomaly_enabled(), false)
end)

t.test("gradients in batches, and zeros for what is not used", function()
  local x, unused = leaf { 1, 2 }, leaf { 5 }
  local J = A.grad(x * x, x, { grad_outputs = torch.eye(2, { dtype = "float64" }), is_grads_batched = true })
  t.eq(J:totable(), { { 2, 0 }, { 0, 4 } })
  local _, zero = A.grad((x * x):sum(), { x, unused }, { materialize_grads = true })
  t.eq(zero:totable(), { 0 })
end)

t.test("modes as functions and for a function; inference tensors stay out of graphs", function()
  torch.set_grad_enabled(false)
  t.eq(torch.is_grad_enabled(), false)
  torch.set_grad_enabled(true)
  t.eq(torch.set_grad_enabled(false, torch.is_grad_enabled), false)
  t.eq(torch.is_grad_enabled(), true)
  local y = torch.inference_mode(function()
    t.eq(torch.is_inference_mode_enabled(), true)
    t.eq(torch.inference_mode(false, torch.is_inference_mode_enabled), false)
    return torch.ones(2, { dtype = "float64" })
  end)
  t.eq(y:is_inference(), true)
  t.raises(function() return leaf { 1, 2 } * y end, "[Ii]nference tensors cannot be saved")
end)

t.test("versions count changes; data is the tensor without its history", function()
  local x = leaf { 1, 2 }
  local before = x._version
  torch.no_grad(function() x:add_(1) end)
  A.graph.increment_version(x)
  t.eq(x._version, before + 2)
  t.eq(x.data.requires_grad, false)
  x.data = torch.zeros(3, { dtype = "float64" })
  t.eq({ #x, x.requires_grad }, { 3, true })
end)
