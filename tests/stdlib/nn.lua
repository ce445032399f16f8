local t = require "test"
local nn = require "nn"

local function names(pairs_list)
  local list = {}
  for i, pair in ipairs(pairs_list) do list[i] = pair[1] end
  return list
end

t.test("a layer is made from positions, from options, and from both", function()
  local made = {}
  for i, make in ipairs {
    function() return nn.Conv2d(1, 2, 3, { padding = 1 }) end,
    function() return nn.Conv2d { in_channels = 1, out_channels = 2, kernel_size = 3, padding = 1 } end,
    function() return nn.Conv2d(1, 2, 3, 1, 1) end,
  } do
    torch.manual_seed(5)
    made[i] = make()
  end
  local x = torch.randn(2, 1, 5, 5)
  t.eq(made[1](x).shape, { 2, 2, 5, 5 })
  t.ok(torch.equal(made[1](x), made[2](x)))
  t.ok(torch.equal(made[1](x), made[3](x)))
  t.raises(function() return nn.Linear(1, 2, { biass = false }) end, "did you mean 'bias'")
  t.raises(function() return nn.Linear(1) end, "'out_features' must be given")
  t.raises(function() return nn.Linear(1, 2, true, 4) end, "takes 3 arguments, got 4")
  t.raises(function() return nn.Linear(1, 2, { in_features = 3 }) end, "given twice")
  t.raises(function() return nn.Linaer(1, 2) end, "did you mean 'Linear'")
end)

t.test("a part read twice is the same value", function()
  local net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
  t.ok(rawequal(net[0], net[0]))
  t.ok(rawequal(net[0].weight, net[0].weight))
  t.ok(rawequal(net:parameters()[1], net[0].weight))
  t.eq(#net, 2)
  t.eq(net[0].kind, "Linear")
  t.eq(net[0].nothing, nil)
  t.raises(function() return net[2] end, "count from 0")
  t.raises(function() return nn.Sequential(nn.ReLU(), 3) end, "part 2 must be a module, got a number")
end)

t.test("a wrong input names the operator's complaint and the layer", function()
  t.raises(function() nn.Linear(3, 2)(torch.ones(2, 4)) end, "2x4 and 3x2.*Linear%(in_features=3")
  t.raises(function() nn.GRUCell(3, 2)() end, "too few inputs")
  t.raises(function() nn.Linear(3, 2)(7) end, "must be a tensor")
end)

local Net = nn.class "Net"
function Net:init(width)
  self.fc = nn.Linear(3, width)
  self.scale = nn.Parameter(torch.full({ 1 }, 2))
  self:register_buffer("calls", torch.zeros(1))
  self.note = { "plain" }
end
function Net:forward(x) return self.fc(x) * self.scale end
function Net:double(x) return self(x) * 2 end

t.test("a class written in Lua registers its parts and keeps plain fields", function()
  local net = Net(2)
  t.eq(names(net:named_parameters()), { "scale", "fc.weight", "fc.bias" })
  t.eq(names(net:named_buffers()), { "calls" })
  t.eq(net.note, { "plain" })
  local x = torch.randn(4, 3)
  t.ok(torch.equal(net:double(x), net.fc(x) * 2 * 2))
  net(x):sum():backward()
  t.near(net.scale.grad:item(), net.fc(x):sum():item(), 1e-4)
  t.eq(net:num_parameters(), 9)
  t.ok(tostring(net):find("(fc): Linear(in_features=3, out_features=2, bias=True)", 1, true))
end)

t.test("C++ calls a class written in Lua inside a Sequential, also after a collection", function()
  local net = nn.Sequential(Net(4), nn.ReLU(), nn.Linear(4, 2))
  collectgarbage()
  collectgarbage()
  local x = torch.randn(5, 3)
  t.ok(torch.equal(net(x), net[2](torch.relu(net[0].fc(x) * net[0].scale))))
  t.eq(net[0].note, { "plain" })
  t.eq(names(net:named_parameters())[1], "0.scale")
end)

t.test("an error in a Lua forward keeps its text through C++", function()
  local Bad = nn.class "Bad"
  function Bad:forward() error "the reason" end
  t.raises(function() nn.Sequential(Bad())(torch.ones(1)) end, "the reason")
  t.raises(function() nn.class "Empty"()(torch.ones(1)) end, "has no forward")
end)

t.test("a state goes over by name, strictly or not", function()
  local a, b = Net(2), Net(2)
  t.eq(a:state_dict_names(), { "scale", "calls", "fc.weight", "fc.bias" })
  b:load_state_dict(a:state_dict())
  t.ok(torch.equal(a.fc.weight, b.fc.weight))
  local state = a:state_dict()
  state.extra, state["fc.bias"] = torch.zeros(1), torch.zeros(5)
  t.raises(function() b:load_state_dict(state) end, "unexpected: extra")
  local report = b:load_state_dict(state, { strict = false })
  t.eq({ report.missing_keys, report.unexpected_keys, report.mismatched_keys },
    { {}, { "extra" }, { "fc.bias [5] for [2]" } })
end)

t.test("training mode, freezing, dtype and gradients reach every part", function()
  local net = nn.Sequential(Net(4), nn.Dropout(0.5))
  net:eval()
  t.eq(net[1].training, false)
  t.eq(net:train()[0].training, true)
  net:freeze()
  t.eq(net:num_parameters(true), 0)
  net:unfreeze():to "float64"
  local weight = net[0].fc.weight
  t.eq(weight.dtype, "float64")
  net(torch.randn(2, 3, { dtype = "float64" })):sum():backward()
  t.ok(weight.grad)
  net:zero_grad()
  t.eq(weight.grad, nil)
  t.eq(#net:modules(), 4)
end)

t.test("a forward hook sees input and output and may replace the output", function()
  local layer = nn.Linear(2, 2)
  local seen
  local handle = layer:register_forward_hook(function(module, input, output)
    seen = { module, input, output }
    return output * 0
  end)
  local x = torch.ones(1, 2)
  t.eq(layer(x):abs():sum():item(), 0)
  t.ok(rawequal(seen[1], layer) and rawequal(seen[2], x))
  handle:remove()
  t.ok(layer(x):abs():sum():item() > 0)
end)

t.test("parameters outlive the scope in which a module was made", function()
  local net
  scope(function() net = nn.Linear(2, 2) end)
  t.eq(net(torch.ones(1, 2)).shape, { 1, 2 })
  t.eq(net.weight.shape, { 2, 2 })
end)

t.test("initialisers fill in place and give the tensor back", function()
  local w = torch.empty(3, 5, { dtype = "float64" })
  t.ok(rawequal(nn.init.orthogonal_(w), w))
  t.near((w:matmul(w:t())):totable(), { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }, 1e-12)
  t.eq(nn.init.constant_(w, 4):sum():item(), 60)
  t.raises(function() nn.init.xavier_normal_(torch.empty(3)) end, "at least 2 dims")
end)
