-- Numbers recorded from PyTorch 2.13 for the same weights and inputs.
local t = require "test"
local nn = require "nn"

local f64 = { dtype = "float64" }

local function linear()
  local m = nn.Linear(4, 3):double()
  torch.no_grad(function()
    m.weight:copy_(torch.arange(12, f64):view(3, 4):sin())
    m.bias:copy_(torch.arange(3, f64) / 10)
  end)
  return m
end
local x = torch.arange(8, f64):view(2, 4):cos()

t.test("weight norm has PyTorch's keys, values and gradients; the weight is always what g and v say", function()
  local before = linear()
  local m = nn.utils.weight_norm(linear())
  t.eq(m:state_dict_names(), { "bias", "weight_g", "weight_v" })
  t.near(m(x):totable(), before(x):totable(), 1e-12)
  m(x):square():sum():backward()
  t.near(m.weight_g.grad:flatten():totable(), { 2.3866035036783506, 4.719607736524606, 11.87491881254658 }, 1e-10)
  t.near(m.weight_v.grad[1]:totable(),
    { -1.61229203452863, 1.6636427089636625, 3.4100320181162007, 2.021253615981076 }, 1e-10)
  torch.no_grad(function() m.weight_g:mul_(2) end)
  t.near(m.weight:totable(), (before.weight * 2):totable(), 1e-12)
  t.eq(#m:parameters(), 3)
  local copy = nn.copy(m)
  torch.no_grad(function() copy.weight_g:zero_() end)
  t.near(m.weight:totable(), (before.weight * 2):totable(), 1e-12)
  t.eq(copy.weight:abs():sum():item(), 0)
  nn.utils.remove_weight_norm(m)
  t.eq(m:state_dict_names(), { "weight", "bias" })
  t.ok(m.weight.requires_grad and m.weight.is_leaf)
  t.eq(require("host.module").hooks(m), nil)
  t.near(nn.utils.weight_norm(linear(), { dim = false }).weight_g:item(), 2.449777754548938, 1e-12)
  t.near(nn.utils.weight_norm(linear(), "weight", 1).weight_g:totable(),
    { { 1.2456242439299257, 1.3406904298493956, 1.095834750388426, 1.204793202490875 } }, 1e-12)
  t.raises(function() nn.utils.weight_norm(nn.ReLU()) end, "ReLU has no parameter 'weight'")
  t.raises(function() nn.utils.remove_weight_norm(linear()) end, "has no weight norm of")
end)

t.test("weight norm of the recurrent weights inside LSTM", function()
  local lstm = nn.LSTM(3, 2):double()
  local input = torch.randn(4, 1, 3, f64)
  local before = lstm(input):detach()
  nn.utils.weight_norm(lstm, "weight_hh_l0")
  t.near(lstm(input):totable(), before:totable(), 1e-12)
  t.eq(lstm:state_dict_names(), { "weight_ih_l0", "bias_ih_l0", "bias_hh_l0", "weight_hh_l0_g", "weight_hh_l0_v" })
end)

t.test("weight norm as a parametrization, and files with the older keys", function()
  local m = nn.utils.parametrizations.weight_norm(linear())
  t.eq(m:state_dict_names(), { "bias", "parametrizations.weight.original0", "parametrizations.weight.original1" })
  m(x):square():sum():backward()
  t.near(m.parametrizations.weight.original0.grad:flatten():totable(),
    { 2.3866035036783506, 4.719607736524606, 11.87491881254658 }, 1e-10)
  local old = nn.utils.weight_norm(linear())
  torch.no_grad(function() old.weight_g:fill_(3) end)
  m:load_state_dict(old:state_dict())
  t.near(m.weight:totable(), old.weight:totable(), 1e-12)
  t.ok(nn.utils.parametrize.is_parametrized(m, "weight"))
  nn.utils.parametrize.remove_parametrizations(m, "weight")
  t.eq({ m:state_dict_names(), nn.utils.parametrize.is_parametrized(m) }, { { "weight", "bias" }, false })
  t.near(m.weight:totable(), old.weight:totable(), 1e-12)
end)

local function start(u, v)
  torch.no_grad(function()
    u:fill_(1 / math.sqrt(3))
    v:fill_(0.5)
  end)
end

t.test("spectral norm under its older and its newer keys", function()
  local m = nn.utils.spectral_norm(linear())
  t.eq(m:state_dict_names(), { "bias", "weight_orig", "weight_u", "weight_v" })
  start(m.weight_u, m.weight_v)
  local y = m(x)
  y:square():sum():backward()
  t.near(y:sum():item(), 0.8134865384664671, 1e-12)
  t.near(m.weight_orig.grad[0]:totable(),
    { -1.1533402345041162, -0.7296921467121171, 0.36483153561925663, 1.1239307866091146 }, 1e-10)
  t.near(m.weight_u:totable(), { 0.34974761796414033, -0.7231403084289239, 0.5956044812236814 }, 1e-12)
  m:eval()
  t.near(m(x):sum():item(), 0.8134865384664671, 1e-12)
  nn.utils.remove_spectral_norm(m)
  t.eq(m:state_dict_names(), { "weight", "bias" })
  t.near(m(x):sum():item(), 0.8134865384664671, 1e-12)

  m = nn.utils.parametrizations.spectral_norm(linear())
  t.eq(m:state_dict_names(), { "bias", "parametrizations.weight.original", "parametrizations.weight.0._u",
    "parametrizations.weight.0._v" })
  start(m.parametrizations.weight[0]._u, m.parametrizations.weight[0]._v)
  y = m(x)
  t.near(y:sum():item(), 0.8626934528078318, 1e-12)
  y:square():sum():backward()
  t.near(m.parametrizations.weight.original.grad[0]:totable(),
    { -2.029897139301252, -4.115177756656618, -2.4169829226564463, 1.5033748639462314 }, 1e-10)
end)

t.test("a parametrization of one's own, with an inverse, chained, checked", function()
  local Symmetric = nn.class "Symmetric"
  function Symmetric:forward(w) return w:triu() + w:triu(1):t() end
  function Symmetric:right_inverse(w) return w:triu() end
  local Double = nn.class "Double"
  function Double:forward(w) return w * 2 end
  function Double:right_inverse(w) return w / 2 end
  local m = nn.Linear(3, 3)
  local register = nn.utils.parametrize.register_parametrization
  register(m, "weight", Symmetric())
  t.ok(torch.equal(m.weight, m.weight:t()))
  local before = m.weight:detach()
  register(m, "weight", Double())
  t.near(m.weight:totable(), before:totable(), 1e-6)
  m(torch.ones(1, 3)):sum():backward()
  t.eq(m.parametrizations.weight.original.grad[1][0]:item(), 0)
  t.raises(function() register(m, "wieght", Double()) end, "no parameter or buffer 'wieght'")
  local Cut = nn.class "Cut"
  function Cut:forward(w) return w[0] end
  t.raises(function() register(nn.Linear(2, 2), "weight", Cut()) end, "unsafe = true")
end)

t.test("clipping, norms, vectors", function()
  local m = linear()
  m(x):square():sum():backward()
  t.near(nn.utils.clip_grad_norm_(m:parameters(), 1):item(), 14.660992233902677, 1e-10)
  t.near(m.weight.grad:sum():item(), 0.04533482973601327, 1e-8)
  t.near(nn.utils.get_total_norm({ m.weight.grad, m.bias.grad }, math.huge):item(), 0.5201408136476751, 1e-6)
  nn.utils.clip_grad_value_(m:parameters(), 0.1)
  t.ok(m.weight.grad:abs():max():item() <= 0.1)
  m.bias.grad:fill_(0 / 0)
  t.raises(function() nn.utils.clip_grad_norm_(m:parameters(), 1, { error_if_nonfinite = true }) end,
    "cannot be clipped")
  local vector = nn.utils.parameters_to_vector(m:parameters())
  t.eq(vector:numel(), 15)
  local bias = m.bias
  nn.utils.vector_to_parameters(torch.arange(15, f64), m:parameters())
  t.eq({ m.weight[2][3]:item(), m.bias:totable(), rawequal(m.bias, bias) }, { 11, { 12, 13, 14 }, true })
  t.raises(function() nn.utils.vector_to_parameters(torch.ones(3), m:parameters()) end, "too short")
end)

t.test("sequences pad, pack, and come back", function()
  local rnn = nn.utils.rnn
  local a, b, c = torch.arange(3), torch.arange(5) + 10, torch.arange(2) + 20
  local p = rnn.pack_sequence({ a, b, c }, { enforce_sorted = false })
  t.eq({ p.data:totable(), p.batch_sizes:totable(), p.sorted_indices:totable(), p.unsorted_indices:totable() },
    { { 10, 0, 20, 11, 1, 21, 12, 2, 13, 14 }, { 3, 3, 2, 1, 1 }, { 1, 0, 2 }, { 1, 0, 2 } })
  local padded, lengths = rnn.pad_packed_sequence(p, { batch_first = true, padding_value = -1, total_length = 6 })
  t.eq(padded:totable(), { { 0, 1, 2, -1, -1, -1 }, { 10, 11, 12, 13, 14, -1 }, { 20, 21, -1, -1, -1, -1 } })
  t.eq(lengths:totable(), { 3, 5, 2 })
  t.eq(rnn.pad_sequence({ a, c }, { padding_side = "left", padding_value = 9 }):totable(),
    { { 0, 9 }, { 1, 20 }, { 2, 21 } })
  local list = rnn.unpack_sequence(p)
  t.eq({ list[1]:totable(), list[2]:totable(), list[3]:totable() }, { a:totable(), b:totable(), c:totable() })
  t.raises(function() rnn.pad_packed_sequence(p, { total_length = 4 }) end, "at least the longest, 5")
  t.raises(function() rnn.pack_sequence { c, b } end, "decreasing order")
end)

t.test("recurrent layers take packed sequences: each sequence alone gives the same", function()
  local rnn = nn.utils.rnn
  for _, kind in ipairs { "LSTM", "GRU" } do
    local layer = nn[kind](4, 3, 2, { bidirectional = true }):double()
    local list = { torch.randn(3, 4, f64), torch.randn(5, 4, f64), torch.randn(2, 4, f64) }
    local y, h, c = layer(rnn.pack_sequence(list, { enforce_sorted = false }))
    local back = rnn.unpack_sequence(y)
    for i, sequence in ipairs(list) do
      local own, own_h, own_c = layer(sequence:unsqueeze(1))
      t.near(back[i]:totable(), own:squeeze(1):totable(), 1e-12)
      t.near(h:select(1, i - 1):totable(), own_h:squeeze(1):totable(), 1e-12)
      if c then t.near(c:select(1, i - 1):totable(), own_c:squeeze(1):totable(), 1e-12) end
    end
  end
  t.raises(function() nn.LSTM(4, 3)("x") end, "must be a tensor or a PackedSequence, got a string")
end)

t.test("a norm is taken into the layer before it", function()
  for _, case in ipairs { { nn.Conv2d(2, 4, 3, { bias = false }), nn.BatchNorm2d(4), false, { 2, 2, 5, 5 } },
    { nn.ConvTranspose2d(2, 4, 3), nn.BatchNorm2d(4), true, { 2, 2, 5, 5 } },
      { nn.Linear(3, 4), nn.BatchNorm1d(4), nil, { 2, 3 } } } do
    local layer, bn, transpose, shape = case[1]:double(), case[2]:double(), case[3], case[4]
    torch.no_grad(function()
      bn.running_mean:normal_()
      bn.running_var:uniform_(0.5, 2)
      bn.weight:normal_()
      bn.bias:normal_()
    end)
    local whole = nn.Sequential(layer, bn):eval()
    local fused = transpose == nil and nn.utils.fuse_linear_bn_eval(layer, bn) or nn.utils.fuse_conv_bn_eval(layer,
      bn, transpose)
    local input = torch.randn(shape, f64)
    t.near(fused(input):flatten():totable(), whole(input):flatten():totable(), 1e-12)
  end
  t.raises(function() nn.utils.fuse_linear_bn_eval(nn.Linear(1, 1), nn.BatchNorm1d(1)) end, "evaluation mode")
end)

t.test("a module is called with other tensors, and vmapped over a stack of models", function()
  local call = torch.func.functional_call
  local m = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1, { affine = false })):eval()
  local before = m[0].weight
  local w = torch.tensor({ { 1, 2 } }, { requires_grad = true })
  local y = call(m, { ["0.weight"] = w * 2, ["0.bias"] = torch.zeros(1) }, torch.ones(1, 2))
  t.near(y:item(), 6, 1e-3)
  y:sum():backward()
  t.near(w.grad:totable(), { { 2, 2 } }, 1e-3)
  t.ok(rawequal(m[0].weight, before) and before.grad == nil)
  t.eq(#m:parameters(), 2)
  t.raises(function() call(m, { ["0.weight"] = torch.ones(3, 3) }, torch.ones(1, 2)) end, "cannot be multiplied")
  t.ok(rawequal(m[0].weight, before))
  t.raises(function() call(m, { nothing = w }, torch.ones(1, 2)) end, "no parameter or buffer 'nothing'")
  t.raises(function() call(m, { ["0.weight"] = w }, torch.ones(1, 2), nil, { strict = true }) end, "is missing")

  local tied = nn.Module {}
  local Tied = nn.class "Tied"
  function Tied:init() self.a, self.b = nn.Linear(1, 1, false), nn.Linear(1, 1, false) self.b.weight = self.a.weight end
  function Tied:forward(z) return self.b(self.a(z)) end
  tied = Tied()
  t.eq(call(tied, { ["a.weight"] = torch.full({ 1, 1 }, 3) }, torch.ones(1, 1)):item(), 9)

  local models = { nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2) }
  local parameters = torch.func.stack_module_state(models)
  t.eq(parameters.weight.shape, { 3, 2, 2 })
  local input = torch.randn(5, 2)
  local all = torch.func.vmap(function(w2, b2) return call(models[1], { weight = w2, bias = b2 },
    input) end)(parameters.weight, parameters.bias)
  for i, model in ipairs(models) do t.near(all[i - 1]:totable(), model(input):totable(), 1e-5) end
end)

t.test("initialisers draw PyTorch's numbers for the same seed", function()
  local init = nn.init
  local function check(name, expected, sum, ...)
    torch.manual_seed(7)
    local filled = init[name](torch.empty(6, 5), ...)
    t.near(filled:flatten()[{ { 0, 3 } }]:totable(), expected, 2e-6, name)
    t.near(filled:double():sum():item(), sum, 1e-4, name)
  end
  check("uniform_", { 0.6047676, -0.4035904, 0.9776351 }, 16.75395, -1, 2)
  check("normal_", { -0.640269, 1.7912624, 2.797817 }, 35.429582, { mean = 1, std = 2 })
  check("trunc_normal_", { -0.8201345, 0.3956312, 0.8989085 }, -0.068027, { a = -1, b = 1 })
  check("trunc_normal_", { 2.4413676, 2.555048, 2.8259461 }, 72.590981, 0, 1, 2, 3)
  check("xavier_uniform_", { 0.103168, -0.8897943, 0.4703425 }, 1.727171, { gain = 2 })
  check("xavier_normal_", { -0.3497065, 0.1686977, 0.3832959 }, 1.157591)
  check("kaiming_uniform_", { 0.0493879, -0.4259566, 0.2251593 }, 0.82682, 1, { mode = "fan_out" })
  check("kaiming_normal_", { -0.5186986, 0.2502191, 0.5685197 }, 1.716985, { nonlinearity = "relu" })
  check("orthogonal_", { -0.3685641, 0.3437143, 0.4429911 }, 2.391822)
  check("sparse_", { 0, 0, 0 }, 0.006646, { sparsity = 0.4 })
  t.eq(init.eye_(torch.empty(2, 3)):totable(), { { 1, 0, 0 }, { 0, 1, 0 } })
  t.eq(init.dirac_(torch.empty(4, 2, 3, 3), { groups = 2 }):nonzero():totable(),
    { { 0, 0, 1, 1 }, { 1, 1, 1, 1 }, { 2, 0, 1, 1 }, { 3, 1, 1, 1 } })
  t.near({ init.calculate_gain "tanh", init.calculate_gain("leaky_relu", 0.2), init.calculate_gain "leaky_relu",
    init.calculate_gain "selu" },
    { 1.6666666666666667, 1.3867504905630728, 1.4141428569978354, 0.75 }, 1e-12)
  t.raises(function() init.uniform_(torch.empty(2), { low = 1 }) end, "unknown option 'low'")
  t.raises(function() init.zeros_(torch.empty(2), 1) end, "takes 0 arguments")
  t.raises(function() init.dirac_(torch.empty(2, 2)) end, "3, 4 or 5 dims")
  t.raises(function() init.calculate_gain "swish" end, "no gain is known")
end)

t.test("a summary counts, and leaves no trace", function()
  local net = nn.Sequential(nn.Conv2d(1, 8, 3, { padding = 1 }), nn.BatchNorm2d(8), nn.Dropout(0.5),
    nn.Sequential(nn.Flatten(), nn.Linear(512, 10)))
  net[1]:eval()
  local mean = net[1].running_mean:clone()
  local random = torch.get_rng_state()
  local s = nn.summary(net, { input_size = { 2, 1, 8, 8 } })
  t.eq({ s.total_params, s.trainable_params, s.total_mult_adds }, { 80 + 16 + 5130, 5226, 2 * 64 * 72 + 2 * 5120 })
  t.eq({ #s.rows, s.rows[2].path, s.rows[2].output, s.rows[7].kind }, { 7, "0", "[2, 8, 8, 8]", "Linear" })
  t.near(s.params_mb, 5226 * 4 / 1e6, 1e-9)
  for line in tostring(s):gmatch "[^\n]+" do t.ok(#line <= 80, line) end
  t.ok(tostring(s):find("parameters 5,226, trainable 5,226; mult-adds 19,456", 1, true))
  t.eq({ net.training, net[0].training, net[1].training }, { true, true, false })
  t.ok(torch.equal(torch.get_rng_state(), random) and torch.equal(net[1].running_mean, mean))
  t.eq(require("host.module").hooks(net[0]), nil)
  t.eq(#nn.summary(net, { input = torch.zeros(1, 1, 8, 8), depth = 1 }).rows, 5)
  local shared = nn.Linear(2, 2)
  t.eq(nn.summary(nn.Sequential(shared, shared), { 1, 2 }).rows[3].again, true)
  t.raises(function() nn.summary(net, { input_size = { 1, 3, 8, 8 } }) end, "in model.0 (Conv2d)")
  t.eq(require("host.module").hooks(net[0]), nil)
  t.raises(function() nn.summary(net) end, "give input_size")
end)
