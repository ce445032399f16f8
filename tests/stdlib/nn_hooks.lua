local t = require "test"
local nn = require "nn"

local function words(log) return table.concat(log, " ") end

t.test("hooks run in PyTorch's order, also when the parent is in C++", function()
  local log = {}
  local inner = nn.ReLU()
  local net = nn.Sequential(inner)
  local function note(word) return function() log[#log + 1] = word end end
  inner:register_forward_pre_hook(note "pre1")
  inner:register_forward_pre_hook(note "pre2")
  inner:register_forward_pre_hook(note "pre0", { prepend = true })
  inner:register_forward_hook(note "post1")
  inner:register_forward_hook(note "post0", { prepend = true })
  net:register_forward_hook(note "net")
  local again = nn.Sequential(net)
  again(torch.ones(1))
  t.eq(words(log), "pre0 pre1 pre2 post0 post1 net")
end)

t.test("hooks replace inputs and outputs; a removed one is gone", function()
  local layer = nn.Identity()
  local net = nn.Sequential(layer, nn.Identity())
  local before = layer:register_forward_pre_hook(function(_, x) return x + 1 end)
  local after = layer:register_forward_hook(function(_, x, y)
    t.eq(x:item(), 3)
    return y * 10
  end)
  local x = torch.tensor(2)
  t.eq(net(x):item(), 30)
  before:remove()
  before:remove()
  t.raises(function() net(x) end, "got 2, expected 3")
  after:remove()
  t.eq(net(x):item(), 2)
end)

t.test("hooks of several inputs and outputs see lists; words come apart with with_kwargs", function()
  local Add = nn.class "Add"
  function Add:forward(a, b, o) return a + b * (o and o.scale or 1), a - b end
  local add, seen = Add(), {}
  add:register_forward_hook(function(_, input, output) seen = { #input, #output } end)
  local sum, difference = add(torch.tensor(5), torch.tensor(2))
  t.eq({ sum:item(), difference:item(), seen }, { 7, 3, { 2, 2 } })
  add:register_forward_pre_hook(function(_, inputs, options)
    t.eq({ #inputs, options }, { 2, { scale = 2 } })
    return { inputs[2], inputs[1] }, { scale = 3 }
  end, { with_kwargs = true })
  add:register_forward_hook(function(_, inputs, options, output)
    t.eq(options, { scale = 3 })
    return { output[1] }
  end, { with_kwargs = true })
  local out, none = add(torch.tensor(5), torch.tensor(2), { scale = 2 })
  t.eq(out:item(), 2 + 5 * 3)
  t.eq(none, nil)
end)

t.test("always_call runs a hook after a failure, whose error is what arrives", function()
  local layer, calls = nn.Linear(2, 1), {}
  layer:register_forward_hook(function(_, _, output) calls[#calls + 1] = output or "none" end, { always_call = true })
  layer:register_forward_hook(function() calls[#calls + 1] = "plain" end)
  t.raises(function() nn.Sequential(layer)(torch.ones(1, 3)) end, "cannot be multiplied.*in model%.0 %(Linear%)")
  t.eq(calls, { "none" })
end)

t.test("an error in a hook, in Lua or in an operator, says in which module", function()
  local net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
  net[1][0]:register_forward_hook(function() error("the reason", 0) end)
  t.raises(function() net(torch.ones(1, 2)) end, "the reason\n  in model%.1%.0 %(ReLU%)")
  local Net = nn.class "Net"
  function Net:init() self.body = nn.Sequential(nn.Linear(2, 3)) end
  function Net:forward(x) return self.body(x):matmul(x) end
  t.raises(function() nn.Sequential(Net())(torch.ones(4, 2)) end, "%.lua:%d+: .*in model%.0 %(Net%)")
  t.raises(function() nn.Sequential(Net())(torch.ones(4, 5)) end, "%.lua:%d+: .*in model%.0%.body%.0 %(Linear%)")
end)

t.test("full backward hooks see and replace gradients as in PyTorch", function()
  local layer = nn.Linear(2, 2)
  torch.no_grad(function() layer.weight:copy_(torch.tensor { { 1, 2 }, { 3, 4 } }) end)
  local log = {}
  layer:register_full_backward_pre_hook(function(_, grad_output)
    log[#log + 1] = grad_output:totable()
    return grad_output * 2
  end)
  local handle = layer:register_full_backward_hook(function(module, grad_input, grad_output)
    t.ok(rawequal(module, layer))
    log[#log + 1] = { grad_input:totable(), grad_output:totable() }
    return grad_input * 10
  end)
  local x = torch.tensor({ { 1, 1 } }, { requires_grad = true })
  local net = nn.Sequential(layer)
  net(x):sum():backward()
  t.eq(log, { { { 1, 1 } }, { { { 8, 12 } }, { { 2, 2 } } } })
  t.eq(x.grad:totable(), { { 80, 120 } })
  t.eq(layer.weight.grad:totable(), { { 2, 2 }, { 2, 2 } })
  -- an input that needs no gradient: the hook is called all the same, with none
  handle:remove()
  local seen
  layer:register_full_backward_hook(function(_, grad_input, grad_output) seen = { grad_input or "none",
    grad_output:totable() } end)
  layer(torch.ones(1, 2)):sum():backward()
  t.eq(seen, { "none", { { 2, 2 } } })
end)

t.test("hooks of a part live as long as the part, and cost nothing once removed", function()
  local net = nn.Sequential(nn.Sequential(nn.ReLU()))
  local calls = 0
  local handle = net[0][0]:register_forward_hook(function() calls = calls + 1 end)
  collectgarbage()
  collectgarbage()
  net(torch.ones(1))
  t.eq(calls, 1)
  handle.remove()
  t.eq(require("host.module").hooks(net[0][0]), nil)
  t.raises(function() net:register_forward_hook(7) end, "must be a function, got a number")
  t.raises(function() net:register_forward_hook(print, { first = true }) end, "unknown option 'first'")
end)
