-- torch.optim against PyTorch 2.13: steps, state dicts, groups, hooks, mistakes.
local t = require "test"
local optim = torch.optim

local function parameters()
  return torch.tensor({ { 1, -2, 3 }, { 0.5, -0.25, 0.75 } }, { dtype = "float64", requires_grad = true }),
    torch.tensor({ 0.5, -0.5 }, { dtype = "float64", requires_grad = true })
end

local function values(...)
  local list = {}
  for i, x in ipairs { ... } do list[i] = x:detach():reshape(-1) end
  return torch.cat(list):totable()
end

-- Eight steps (LBFGS four) in float64 with two groups, the second with lr = 0.02 and no gradient in the first two
-- steps: the parameters after them, from Python's torch.optim.
local golden = {
  { "SGD", { lr = 0.05, momentum = 0.9, dampening = 0.3, weight_decay = 0.1, maximize = true },
    { 2.7226528891982, -6.8290894161341, 8.1760125097121, 2.3025580114696, 1.0577670863423, 2.5243177281236,
      0.91925785488888, -0.38897523870153 } },
  { "SGD", { lr = 0.05, momentum = 0.9, nesterov = true, foreach = true },
    { -1.0961076917547, -0.0048959366852181, -0.59641707437158, -1.0152384480033, -0.7720168406829, -1.0706330017118,
      0.37242116380177, -0.29244374098666 } },
  { "Adam", { lr = 0.05, amsgrad = true, weight_decay = 0.1 },
    { 0.59997572671543, -1.6033967277188, 2.6037242098581, 0.10204206511792, -0.61878576011365, 0.35073117326426,
      0.38230892525429, -0.38755447828566 } },
  { "Adam", { lr = 0.05, betas = { 0.5, 0.8 }, eps = 0.001, foreach = true },
    { 0.59958305041955, -1.6097741428958, 2.6108647126051, 0.10573495773109, -0.58923990698708, 0.3519778289179,
      0.38652696761704, -0.40561330405369 } },
  { "AdamW", { lr = 0.05, weight_decay = 0.1, amsgrad = true, foreach = true },
    { 0.56738024449541, -1.5326448226696, 2.4942387476071, 0.089168278255464, -0.60828958184049, 0.32802428374191,
      0.37725082375483, -0.39053108139281 } },
  { "RMSprop", { lr = 0.05, centered = true, momentum = 0.9, weight_decay = 0.1 },
    { -0.67544866198082, 0.47079317189134, -2.3520046543281, -0.20240491275461, -0.95525023242473, -0.41655959143156,
      0.76682274789148, 1.1434994927292 } },
  { "RMSprop", { lr = 0.05, alpha = 0.5 },
    { 0.56454889380297, -1.5763216576395, 2.5769931283113, 0.071948124559705, -0.60416100947757, 0.31746248757294,
      0.37554666355277, -0.393737923248 } },
  { "Adagrad", { lr = 0.05, lr_decay = 0.3, weight_decay = 0.1, initial_accumulator_value = 0.5 },
    { 0.86599452961399, -1.8638897449853, 2.8647283514542, 0.36751796283778, -0.3616629010876, 0.61640481883985,
      0.45677190197329, -0.48961380571625 } },
  { "Adagrad", { lr = 0.05, lr_decay = 0.3, foreach = true },
    { 0.86051067035127, -1.8627961034453, 2.8633408886442, 0.36174354879387, -0.38076414184995, 0.61098830954501,
      0.45097271156946, -0.47117595883969 } },
  { "Adadelta", { lr = 0.3, rho = 0.5, eps = 0.01, weight_decay = 0.1 },
    { 0.52967334280085, -1.5537403972275, 2.555051303357, 0.04697508760239, -0.57532376669361, 0.286421069895,
      0.47943889447181, -0.48355971554034 } },
  { "Adamax", { lr = 0.05, betas = { 0.5, 0.8 }, weight_decay = 0.1 },
    { 0.59984172760932, -1.589630466406, 2.5893434981881, 0.093203942106515, -0.64151084700597, 0.34734311076598,
      0.3710536458557, -0.37635908929672 } },
  { "NAdam", { lr = 0.05, momentum_decay = 0.1, weight_decay = 0.1, decoupled_weight_decay = true },
    { 0.64607618716781, -1.6215387159918, 2.5852782306352, 0.1730397336941, -0.50793940763137, 0.40891915398351,
      0.40623553944181, -0.42347037270122 } },
  { "RAdam", { lr = 0.05, betas = { 0.5, 0.8 }, weight_decay = 0.1 },
    { 0.39760345125708, -1.0282580207056, 2.0936981978434, -0.043094927417041, -0.49627911499239, 0.16383457157571,
      0.40752456665241, -0.47421268969928 } },
  { "RAdam", { lr = 0.05, betas = { 0.9, 0.999 }, decoupled_weight_decay = true, weight_decay = 0.1 },
    { 0.52647710932783, -1.0994456098584, 2.1830185884524, 0.06621861001613, -0.43725005685566, 0.28587576290797,
      0.41406840249402, -0.48005514839319 } },
  { "ASGD", { lr = 0.05, lambd = 0.1, alpha = 0.5, t0 = 3, weight_decay = 0.1 },
    { 0.25775108511755, -0.95676008013593, 1.9117797031342, -0.11336110694219, -0.47288796277769, 0.056790364899164,
      0.40958262040491, -0.46601579105556 } },
  { "Rprop", { lr = 0.05, etas = { 0.3, 1.7 }, step_sizes = { 0.01, 0.06 } },
    { 0.53, -1.53, 2.53, 0.03, -0.66, 0.28, 0.2082, -0.40554 } },
  { "Adafactor", { lr = 0.05, eps = { 0.001, 0.1 }, d = 1.5, weight_decay = 0.1 },
    { 0.50722570021304, -1.3843742523301, 2.4065782454975, -0.23704186485538, -0.46187930769992, 0.1202136248658,
      0.44292174215551, -0.43292663612303 } },
  { "LBFGS", { lr = 0.3, max_iter = 3, history_size = 2 },
    { -20.438222287381, 13.405960244145, -85.114654556535, -10.550262334367, -7.0056441078947, -13.368402720009,
      6.8061229603574, 22.403131409175 } },
  { "LBFGS", { line_search_fn = "strong_wolfe", max_iter = 3 },
    { -0.70005454811143, -0.6987695371426, -0.70223073772624, -0.70207091697306, -0.70194593975558, -0.70120804636227,
      0.56083115511675, 0.56119548483344 } },
}

for i, case in ipairs(golden) do
  local name, options, expected = case[1], case[2], case[3]
  t.test(("%s %d steps as PyTorch's"):format(name, i), function()
    local a, b = parameters()
    local newton = name == "LBFGS"
    local o = optim[name](newton and { a, b } or { { params = { a } }, { params = { b }, lr = 0.02 } }, options)
    for step = 0, newton and 3 or 7 do
      scope(function() -- the states outlive it
        o:step(function()
          o:zero_grad()
          local loss = (a * a):sum() * 0.7 + torch.sin(a * 1.3):sum()
          if step >= 2 or newton then loss = loss + (b ^ 4):sum() + b:sum() * a:mean() end
          loss:backward()
          return loss
        end)
      end)
    end
    t.near(values(a, b), expected, 1e-12)
  end)
end

t.test("Muon makes a matrix's step orthogonal", function()
  local w = torch.zeros({ 2, 3 }, { requires_grad = true })
  w.grad = torch.tensor { { 3, 0, 0 }, { 0, 0.01, 0 } }
  optim.Muon({ w }, { lr = 1, weight_decay = 0 }):step()
  local singular = torch.linalg.svdvals(w:detach()):totable()
  t.near(singular, { 1, 1 }, 0.35) -- Newton-Schulz comes near 1, not to it
end)

t.test("sparse gradients change only the rows they name", function()
  local indices, values_ = torch.tensor({ { 2, 0 } }, { dtype = "int64" }), torch.tensor { { 1, 1 }, { 2, 2 } }
  for _, case in ipairs { { "SGD", { momentum = 0.9 } }, { "Adagrad", {} }, { "SparseAdam", {} } } do
    local dense, sparse = torch.ones({ 3, 2 }, { requires_grad = true }), torch.ones({ 3, 2 }, { requires_grad = true })
    local s = optim[case[1]]({ sparse }, case[2])
    local d = optim[case[1] == "SparseAdam" and "Adam" or case[1]]({ dense }, case[2])
    sparse.grad = torch.sparse_coo_tensor(indices, values_, { 3, 2 })
    dense.grad = sparse.grad:to_dense()
    s:step()
    d:step()
    t.near(sparse:detach(), dense:detach(), 1e-6, case[1])
  end
  local p = torch.ones({ 3, 2 }, { requires_grad = true })
  p.grad = torch.sparse_coo_tensor(indices, values_, { 3, 2 })
  t.raises(function() optim.Adam({ p }):step() end, "Adam does not support sparse gradients")
  p.grad = torch.ones(3, 2)
  t.raises(function() optim.SparseAdam({ p }):step() end, "does not support dense gradients")
end)

-- Written by Python after three steps of Adam (amsgrad) on sum(p^2) (i + 1) + sum(q^3), and where three more lead.
local function python_state()
  local function of(exp_avg, exp_avg_sq)
    local double = { dtype = "float64" }
    return { step = torch.tensor(3.0), exp_avg = torch.tensor(exp_avg, double),
             exp_avg_sq = torch.tensor(exp_avg_sq, double),
             max_exp_avg_sq = torch.tensor(exp_avg_sq, double) }
  end
  local function group(lr, number)
    return { lr = lr, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = 0, amsgrad = true, maximize = false,
             foreach = torch.None, capturable = false, differentiable = false, fused = torch.None,
             decoupled_weight_decay = false, params = { number } }
  end
  return { state = { [0] = of({ 0.967448759962017, -2.08976840025493 }, { 0.0401183348439499, 0.190692543174724 }),
                     [1] = of({ 5.08962421561105 }, { 1.22640635247975 }) },
           param_groups = { group(0.1, 0), group(0.5, 1) } }
end

t.test("a state that Python wrote goes on as there, and comes out in the same layout", function()
  local p = torch.tensor({ 0.70484137123047, -1.70627427596556 }, { dtype = "float64", requires_grad = true })
  local q = torch.tensor({ 1.5483559860273 }, { dtype = "float64", requires_grad = true })
  local o = optim.Adam({ { params = { p } }, { params = { q }, lr = 9 } }, { amsgrad = true })
  o:load_state_dict(python_state())
  t.eq({ o.param_groups[1].lr, o.param_groups[2].lr }, { 0.1, 0.5 })
  local written = o:state_dict()
  t.eq(written.param_groups, python_state().param_groups)
  t.near(written.state, python_state().state, 0)
  for i = 3, 5 do
    o:zero_grad();
    ((p ^ 2):sum() * (i + 1) + (q ^ 3):sum()):backward()
    o:step()
  end
  t.near(values(p, q), { 0.406907154501271, -1.41198535376573, 0.378761498706844 }, 1e-12)
end)

t.test("the flat state is tensors and plain data, and restores every optimizer", function()
  for _, case in ipairs { { "SGD", { momentum = 0.9 } }, { "Adam", { amsgrad = true } }, { "ASGD", {} },
                          { "LBFGS", {} },                          { "Adafactor", {} }, { "NAdam", {} } } do
    local function run(o, a, b)
      scope(function()
        o:step(function()
          o:zero_grad()
          local loss = (a * a):sum() * 0.7 + (b ^ 4):sum()
          loss:backward()
          return loss
        end)
      end)
    end
    local a, b = parameters()
    local o = optim[case[1]]({ a, b }, case[2])
    for _ = 1, 3 do run(o, a, b) end
    local tensors, plain = o:flat_state()
    for name, x in pairs(tensors) do
      t.ok(torch.is_tensor(x) and type(name) == "string", name)
      tensors[name] = x:clone()
    end
    local a2, b2 = a:detach():clone():requires_grad_(), b:detach():clone():requires_grad_()
    local o2 = optim[case[1]]({ a2, b2 }, case[2])
    o2:load_flat_state(tensors, plain)
    for _ = 1, 3 do
      run(o, a, b)
      run(o2, a2, b2)
    end
    t.near(values(a2, b2), values(a, b), case[1] == "NAdam" and 1e-9 or 0, case[1])
  end
end)

t.test("groups: own options, added later, assignable rates, a state that begins when asked", function()
  local a, b = parameters()
  local o = optim.SGD({ { params = a, lr = 0.5 } }, { lr = 0.1, momentum = 0.5 })
  o:add_param_group { params = { b }, weight_decay = 0.3 }
  t.eq({ o.param_groups[1].lr, o.param_groups[2].lr, o.param_groups[2].momentum, o.param_groups[2].weight_decay,
         o.defaults.lr }, { 0.5, 0.1, 0.5, 0.3, 0.1 })
  o.param_groups[2].lr = 0
  a.grad, b.grad = torch.ones_like(a):detach(), torch.ones_like(b):detach()
  o:step()
  t.eq(values(b), { 0.5, -0.5 })
  t.eq(values(a)[1], 0.5)
  t.eq(o.state[a].momentum_buffer:totable(), { { 1, 1, 1 }, { 1, 1, 1 } })
  o:zero_grad(false)
  t.eq(a.grad:totable(), { { 0, 0, 0 }, { 0, 0, 0 } })
  o:zero_grad()
  t.eq(a.grad, nil)
  local named = optim.SGD { { "w", a }, { "b", b } }
  t.eq(named.param_groups[1].param_names, { "w", "b" })
  t.eq(named:state_dict().param_groups[1].params, { 0, 1 })
  t.ok(tostring(named):find("Parameter Group 0\n    dampening: 0", 1, true))
end)

t.test("hooks run around steps and state dicts, until they are removed", function()
  local a = parameters()
  a.grad = torch.ones_like(a):detach()
  local o, seen = optim.SGD({ a }, { lr = 0 }), {}
  local pre = o:register_step_pre_hook(function(self) seen[#seen + 1] = self == o and "pre" end)
  o:register_step_post_hook(function() seen[#seen + 1] = "post" end)
  local all = optim.register_optimizer_step_post_hook(function(self) seen[#seen + 1] = tostring(self == o) end)
  o:register_state_dict_post_hook(function(_, dict) dict.more = 1 end)
  o:step()
  pre.remove()
  all.remove()
  o:step()
  t.eq(seen, { "pre", "post", "true", "post" })
  t.eq(o:state_dict().more, 1)
  t.eq(o:step(function() return 7 end), 7)
end)

t.test("capturable counts on the device and steps alike; a rate may be a tensor", function()
  for _, name in ipairs { "Adam", "NAdam", "RAdam", "Adamax", "ASGD", "RMSprop" } do
    local a, b = parameters(), parameters()
    local plain, capturable = optim[name]({ a }, { lr = 0.01 }),
      optim[name]({ b }, { lr = torch.tensor(0.01), capturable = true })
    for i = 1, 8 do
      a.grad = torch.sin(a:detach() * i)
      b.grad = torch.sin(b:detach() * i)
      plain:step()
      capturable:step()
    end
    t.near(values(a), values(b), 1e-4, name)
  end
end)

t.test("differentiable steps pass gradients to rates of change", function()
  local start = torch.tensor({ 1, 2, 3 }, { dtype = "float64", requires_grad = true })
  local g = torch.tensor({ 0.3, 0.2, -0.1 }, { dtype = "float64", requires_grad = true })
  local p = start:clone()
  p.grad = g * 2
  optim.SGD({ p }, { lr = 0.1, differentiable = true }):step();
  (p * torch.tensor({ 1, 2, 3 }, { dtype = "float64" })):sum():backward()
  t.near(start.grad, { 1, 2, 3 }, 1e-12)
  t.near(g.grad, { -0.2, -0.4, -0.6 }, 1e-12)
end)

t.test("mistakes are refused with PyTorch's words", function()
  local a, b = parameters()
  local wrong = {
    { "should be an iterable of Tensors", function() optim.Adam(a) end },
    { "empty parameter list", function() optim.Adam {} end },
    { "duplicate parameters", function() optim.Adam { a, a } end },
    { "more than one parameter group", function() optim.Adam { { params = { a } }, { params = { a } } } end },
    { "can't optimize a non-leaf", function() optim.Adam { a * 2 } end },
    { "Some param names are missing", function() optim.Adam { { "a", a }, b } end },
    { "Invalid learning rate: -1", function() optim.Adam({ a }, { lr = -1 }) end },
    { "Invalid beta parameter at index 0: 1", function() optim.Adam({ a }, { betas = { 1, 0 } }) end },
    { "Tensor lr must be 1-element", function() optim.SGD({ a }, { lr = torch.tensor { 0.1, 0.1 } }) end },
    { "betas must be either both floats", function() optim.Adam({ a }, { betas = { 0.9, torch.tensor(0.9) } }) end },
    { "Nesterov momentum requires", function() optim.SGD({ a }, { nesterov = true }) end },
    { "Invalid rho value: 1.1", function() optim.Adadelta({ a }, { rho = 1.1 }) end },
    { "Invalid eta values: 1, 0.5", function() optim.Rprop({ a }, { etas = { 1, 0.5 } }) end },
    { "Clipping threshold d", function() optim.Adafactor({ a }, { d = 0 }) end },
    { "Muon only supports 2D", function() optim.Muon { b } end },
    { "did you mean 'momentum'", function() optim.SGD({ a }, { momentun = 0.5 }) end },
    { "doesn't support per-parameter options", function() optim.LBFGS { { params = { a } }, { params = { b } } } end },
    { "step needs a closure", function() optim.LBFGS({ a }):step() end },
    { "different number of parameter groups", function()
      optim.SGD({ a }):load_state_dict(optim.SGD({ { params = { a } }, { params = { b } } }):state_dict())
    end },
    { "doesn't match the size", function() optim.SGD({ a }):load_state_dict(optim.SGD({ a, b }):state_dict()) end },
    { "torch.optim has no 'AdamV'", function() return optim.AdamV end },
  }
  for _, case in ipairs(wrong) do t.raises(case[2], case[1]) end
end)

t.test("help shows the options of classes, and what there is", function()
  local help = require "help"
  t.ok(help.text(optim.AdamW):find("torch.optim.AdamW(params, lr=0.001, betas=(0.9, 0.999), eps=1e-08", 1, true))
  t.ok(help.text "torch.optim.AdamW":find("Loshchilov and Hutter", 1, true))
  t.ok(help.text "torch.optim.lr_scheduler.StepLR":find("StepLR(optimizer, step_size, gamma=0.1", 1, true))
  t.ok(help.text "torch.optim":find("RMSprop", 1, true))
end)

t.test("torch.save writes a state in Python's containers, torch.load gives it back", function()
  local a, b = parameters()
  local o = optim.Adam({ a, b }, { lr = 0.1 })
  b.grad = torch.ones_like(b):detach()
  o:step() -- a has no state yet: number 1 alone is no list
  local path = os.tmpname()
  torch.save(o:state_dict(), path)
  local dict = torch.load(path)
  os.remove(path)
  t.eq(torch.serialization.kind(dict.state), "dict")
  t.eq(torch.serialization.kind(dict.param_groups[1].betas), "tuple")
  t.eq(dict.param_groups[1].params, { 0, 1 })
  local again = optim.Adam({ a, b }, { lr = 5 })
  again:load_state_dict(dict)
  t.eq({ again.param_groups[1].lr, again.param_groups[1].foreach }, { 0.1, nil })
  t.eq(again.state[b].exp_avg:totable(), o.state[b].exp_avg:totable())
end)

t.test("an optimizer of one's own needs but its update", function()
  local Sign = optim.class("Sign", { { "lr", 0.1 } }, {
    start = function(_, parameter) return { seen = torch.zeros_like(parameter) } end,
    update = function(_, part, group)
      torch._foreach_add_(part:column "seen", 1)
      torch._foreach_add_(part.params, torch._foreach_sign(part.grads), { alpha = -group.lr })
    end,
  })
  local a, b = parameters()
  local o = Sign({ { params = { a } }, { params = { b }, lr = 1 } }, 0.5)
  b.grad = torch.tensor({ 3, -4 }, { dtype = "float64" })
  scope(function() o:step() end)
  t.eq({ values(b), o:state_dict().state[1].seen:totable(), o.param_groups[1].lr }, { { -0.5, 0.5 }, { 1, 1 }, 0.5 })
  t.raises(function() optim.Optimizer({ b }, { lr = 1 }):step() end, "has no update")
end)

t.test("parameters, gradients and loaded states may lie in memory in any order", function()
  local function make()
    local p = torch.linspace(-1, 1, 12, { dtype = "float64" }):reshape(3, 4):t():detach():requires_grad_()
    p.grad = torch.linspace(0, 1, 12, { dtype = "float64" }):reshape(4, 3)
    return p
  end
  for _, name in ipairs { "SGD", "Adam", "Adagrad" } do
    local a, b = make(), make()
    local options = name == "SGD" and { momentum = 0.9 } or {}
    local whole = optim[name]({ a }, options)
    options.foreach = true
    local single = optim[name]({ b }, options)
    for _ = 1, 3 do
      whole:step()
      single:step()
    end
    t.eq(a:totable(), b:totable(), name)
    -- a contiguous parameter takes the state of the transposed one
    local c = a:detach():contiguous():requires_grad_()
    c.grad = a.grad:clone()
    options.foreach = nil
    local loaded = optim[name]({ c }, options)
    loaded:load_state_dict(whole:state_dict())
    whole:step()
    loaded:step()
    t.near(c:detach(), a:detach(), 1e-15, name)
    t.raises(function() optim[name]({ a }, { fused = true }):step() end, "of the same strides")
  end
end)
