local t = require "test"
local nn = require "nn"

local function keys(m)
  local list = {}
  for name in m:state_dict() do list[#list + 1] = name end
  return list
end

local function kinds(m)
  local list = {}
  for i, child in m:iter() do list[i + 1] = child.kind end
  return list
end

t.test("Sequential: names, slices, appending, inserting, taking out", function()
  local named = nn.Sequential { { "conv", nn.Conv2d(1, 2, 3) }, { "relu", nn.ReLU() } }
  t.eq(keys(named), { "conv.weight", "conv.bias" })
  local net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh())
  t.ok(rawequal(net[-1], net[2]))
  t.raises(function() return net[-4] end, "count from 0")
  t.ok(rawequal(net:append(nn.Sigmoid()), net))
  net:extend { nn.SiLU() }
  net:extend(nn.Sequential(nn.GELU()))
  net:insert(1, nn.Identity())
  t.eq(kinds(net), { "Linear", "Identity", "ReLU", "Tanh", "Sigmoid", "SiLU", "GELU" })
  t.eq(net:pop(-2).kind, "SiLU")
  t.eq(net:pop(0).kind, "Linear")
  t.eq(kinds(net), { "Identity", "ReLU", "Tanh", "Sigmoid", "GELU" })
  local part = net["1:3"]
  t.eq({ #part, part[1].kind, part[2].kind, part.kind }, { 2, "ReLU", "Tanh", "Sequential" }) -- the keys stay
  t.ok(rawequal(part[1], net[1]))
  t.eq({ #net["-2:"], #net[":-1"], #net[{ 1, 2 }], #net:slice(3) }, { 2, 4, 1, 2 })
  t.raises(function() net:insert(9, nn.ReLU()) end, "position 9 is out of range; it has 5 parts (0 to 5)")
  t.raises(function() net:append(3) end, "part 6 must be a module, got a number")
  t.raises(function() net:pop(5) end, "out of range")
end)

t.test("ModuleList and ModuleDict keep PyTorch's keys", function()
  local list = nn.ModuleList { nn.Linear(1, 1), nn.Linear(1, 1) }
  list:insert(0, nn.BatchNorm1d(1))
  t.eq(keys(list), { "0.weight", "0.bias", "0.running_mean", "0.running_var", "0.num_batches_tracked", "1.weight",
    "1.bias", "2.weight", "2.bias" })
  local rest = list["1:"]
  t.eq({ rest.kind, keys(rest) }, { "ModuleList", { "0.weight", "0.bias", "1.weight", "1.bias" } })
  t.eq(#nn.ModuleList(list), 3)
  t.raises(function() list(torch.ones(1)) end, "no forward")

  local dict = nn.ModuleDict { { "b", nn.Linear(1, 1) }, { "a", nn.ReLU() }, { "keys", nn.Tanh() } }
  t.eq(dict:keys(), { "b", "a", "keys" })
  t.eq({ dict.a.kind, dict["b"].kind, dict:get("keys").kind, #dict }, { "ReLU", "Linear", "Tanh", 3 })
  dict:update { a = nn.GELU(), c = nn.SiLU() }
  t.eq(dict:keys(), { "b", "a", "keys", "c" })
  t.eq({ dict:pop("a").kind, dict:contains "a", #dict:items() }, { "GELU", false, 3 })
  t.raises(function() dict:pop "z" end, "no key 'z' (b, keys, c)")
  t.raises(function() dict:update { x = 1 } end, "'x' must be a module")
  dict:clear()
  t.eq(#dict, 0)
end)

t.test("ParameterList and ParameterDict make parameters of tensors", function()
  local own = nn.Parameter(torch.ones(2))
  local list = nn.ParameterList { own, torch.zeros(3) }
  list:append(torch.zeros(1)):extend { torch.zeros(4) }
  t.eq({ #list, keys(list) }, { 4, { "0", "1", "2", "3" } })
  t.ok(rawequal(list[0], own) and list[-1].requires_grad)
  local dict = nn.ParameterDict { w = torch.ones(2), b = torch.zeros(1) }
  t.eq({ keys(dict), dict.w.requires_grad, #dict }, { { "b", "w" }, true, 2 })
  dict:pop "b"
  t.eq({ keys(dict), dict:keys() }, { { "w" }, { "w" } })
end)

t.test("classes derive from classes, with super, train, extra_repr and tests of kind", function()
  local Base = nn.class "Base"
  function Base:init(n) self.fc, self.n = nn.Linear(n, n), n end
  function Base:forward(x) return self.fc(x) + self:shift() end
  function Base:shift() return 0 end
  local Derived = nn.class("Derived", Base)
  function Derived:init(n)
    Derived.super.init(self, n)
    self.norm = nn.BatchNorm1d(n)
  end
  function Derived:shift() return 1 end
  function Derived:extra_repr() return "n=" .. self.n end
  function Derived:train(on)
    nn.Module.train(self, on)
    self.norm:eval() -- a norm that is kept
    return self
  end
  local d = Derived(2)
  local x = torch.ones(1, 2)
  t.near((d(x) - d.fc(x)):totable(), { { 1, 1 } })
  t.eq(keys(d)[1], "fc.weight")
  t.ok(tostring(d):find("Derived(\n  n=2\n  (fc): Linear", 1, true))
  local whole = nn.Sequential(d)
  whole:eval():train()
  t.eq({ d.training, d.fc.training, d.norm.training }, { true, true, false })
  t.eq({ d:is(Derived), d:is(Base), d:is "Base", d:is(nn.Module), d:is "Linear", d.fc:is "Linear" },
    { true, true, true, true, false, true })
  t.raises(function() nn.class("Bad", 3) end, "a parent must be a class")
  t.raises(function() nn.class "None"(1) end, "takes no arguments")
end)

t.test("a copy is its own in all but functions, and draws no random numbers", function()
  local Net = nn.class "Net"
  function Net:init()
    self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
    self.b.weight = self.a.weight
    self.table, self.held = { 1, { 2 } }, { self.a }
    self:register_buffer("steps", torch.zeros(1), { persistent = false })
  end
  function Net:forward(x) return self.b(self.a(x)) end
  local net = nn.Sequential(Net(), nn.Dropout(0.3)):double():eval()
  net[0].a:freeze()
  net[0]:register_forward_hook(function(_, _, y) return y * 2 end)
  torch.manual_seed(3)
  local first = torch.rand(1):item()
  torch.manual_seed(3)
  local copy = nn.copy(net)
  t.eq(torch.rand(1):item(), first)
  local x = torch.ones(1, 2, { dtype = "float64" })
  t.ok(torch.equal(copy(x), net(x)))
  t.ok(not rawequal(copy[0].a, net[0].a) and copy[0].a.weight:data_ptr() ~= net[0].a.weight:data_ptr())
  t.ok(rawequal(copy[0].a.weight, copy[0].b.weight) and rawequal(copy[0].held[1], copy[0].a))
  t.eq({ copy[0].table, copy.training, copy[1].p, copy[0].a.weight.requires_grad },
    { { 1, { 2 } }, false, [4] = false })
  t.eq(#copy[0]:named_buffers(), 1)
  torch.no_grad(function() copy[0].a.weight:zero_() end)
  t.ok(net[0].a.weight:abs():sum():item() > 0)
  t.raises(function() nn.copy(3) end, "expected a module")
end)

t.test("a tree is PyTorch's, with shapes and counts", function()
  local net = nn.Sequential { { "body", nn.ModuleList { nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU() } } }
  t.eq(tostring(net), [[
Sequential(
  (body): ModuleList(
    (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)  weight [2, 2], bias [2]  6 parameters
    (2): ReLU()
  )  12 parameters
)  12 parameters]])
end)
