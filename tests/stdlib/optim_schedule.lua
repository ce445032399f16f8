-- torch.optim.lr_scheduler and the schedules of scripts against PyTorch 2.13.
local t = require "test"
local schema = require "schema"
local L = torch.optim.lr_scheduler

local function optimizer()
  return torch.optim.SGD({ torch.zeros({ 1 }, { requires_grad = true }) }, { lr = 0.1, momentum = 0.9 })
end

-- Rates and momenta at the start and after each of the steps; halfway both go on in new objects with the saved states.
local function follow(make, steps, metrics)
  local o = optimizer()
  local s = make(o)
  local rates, momenta = { o.param_groups[1].lr }, { o.param_groups[1].momentum }
  for i = 1, steps do
    o:step()
    s:step(metrics and metrics[i] or nil)
    rates[i + 1], momenta[i + 1] = o.param_groups[1].lr, o.param_groups[1].momentum
    if i == math.floor(steps / 2) then
      local o2 = optimizer()
      local s2 = make(o2)
      o2:load_state_dict(o:state_dict())
      s2:load_state_dict(s:state_dict())
      o, s = o2, s2
    end
  end
  t.near(s:get_last_lr(), { o.param_groups[1].lr }, 0)
  return rates, momenta
end

local cases = {
  StepLR = { function(o) return L.StepLR(o, 3, 0.5) end, { 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025 } },
  MultiStepLR = { function(o) return L.MultiStepLR(o, { 2, 2, 5 }, { gamma = 0.5 }) end,
                  { 0.1, 0.1, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125, 0.0125 } },
  ConstantLR = { function(o) return L.ConstantLR(o, { factor = 0.5, total_iters = 4 }) end,
                 { 0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1 } },
  LinearLR = { function(o) return L.LinearLR(o, 0.25, 1, 4) end,
               { 0.025, 0.04375, 0.0625, 0.08125, 0.1, 0.1, 0.1, 0.1, 0.1 } },
  ExponentialLR = { function(o) return L.ExponentialLR(o, 0.9) end,
                    { 0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049, 0.0531441, 0.04782969, 0.043046721 } },
  PolynomialLR = { function(o) return L.PolynomialLR(o, 6, 2) end,
                   { 0.1, 0.0694444444444445, 0.0444444444444445, 0.025, 0.0111111111111111, 0.00277777777777778, 0,
                     0, 0 } },
  CosineAnnealingLR = { function(o) return L.CosineAnnealingLR(o, { T_max = 3, eta_min = 0.01 }) end,
                        { 0.1, 0.0775, 0.0325, 0.01, 0.0325, 0.0775, 0.1, 0.0775, 0.0325 } },
  CosineAnnealingWarmRestarts = { function(o) return L.CosineAnnealingWarmRestarts(o, 2, 2, 0.01) end,
    { 0.1, 0.055, 0.1, 0.0868198051533946, 0.055, 0.0231801948466054, 0.1, 0.0965745789630079, 0.0868198051533946 } },
  SequentialLR = { function(o)
    return L.SequentialLR(o, { L.LinearLR(o, 0.1, 1, 3), L.CosineAnnealingLR(o, 5) }, { milestones = { 3 } })
  end, { 0.01, 0.04, 0.07, 0.1, 0.0904508497187474, 0.0654508497187474, 0.0345491502812526, 0.00954915028125263, 0 } },
  ChainedScheduler = { function(o)
    return L.ChainedScheduler({ L.ConstantLR(o, 0.1, 2), L.ExponentialLR(o, 0.9) }, o)
  end,
    { 0.01, 0.009, 0.081, 0.0729, 0.06561, 0.059049, 0.0531441, 0.04782969, 0.043046721 } },
  LambdaLR = { function(o) return L.LambdaLR(o, function(epoch) return 1 / (1 + epoch) end) end,
               { 0.1, 0.05, 0.1 / 3, 0.025, 0.02, 0.1 / 6, 0.1 / 7, 0.0125, 0.1 / 9 } },
  MultiplicativeLR = { function(o) return L.MultiplicativeLR(o, function() return 0.5 end) end,
                       { 0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125, 0.0015625, 0.00078125, 0.000390625 } },
}
for name, case in pairs(cases) do
  t.test(name .. " follows PyTorch's rates, also from a saved state", function()
    t.near(follow(case[1], 8), case[2], 1e-13)
  end)
end

t.test("CyclicLR moves rate and momentum", function()
  local rates, momenta = follow(function(o)
    return L.CyclicLR(o, 0.1, 0.5, { step_size_up = 2, step_size_down = 3, mode = "triangular2" })
  end, 8)
  t.near(rates, { 0.1, 0.3, 0.5, 0.366666666666667, 0.233333333333333, 0.1, 0.2, 0.3, 0.233333333333333 }, 1e-13)
  t.near(momenta, { 0.9, 0.85, 0.8, 0.833333333333333, 0.866666666666667, 0.9, 0.875, 0.85, 0.866666666666667 }, 1e-13)
end)

local one_cycle_of = one_cycle
local cycles = {
  cos = { { 0.02, 0.3256791176173, 0.497207717725456, 0.449283329673223, 0.35282236449555, 0.231318551333488,
            0.114364976579824,            0.0304464848790162, 2e-06 },
          { 0.95, 0.886316850496396, 0.850558458688744, 0.860143374638854, 0.879435644843469, 0.903736504679321,
            0.927127313193288, 0.943911078668511, 0.95 } },
  linear = { { 0.02, 0.302352941176471, 0.415294117647059, 0.132941176470588, 0.0173915652173913, 0.0130441739130435,
               0.00869678260869565, 0.00434939130434783, 2e-06 },
             { 0.95, 0.891176470588235, 0.867647058823529, 0.926470588235294, 0.95, 0.95, 0.95, 0.95, 0.95 } },
}

t.test("OneCycleLR and the script's one_cycle give the same cycle", function()
  for strategy, expected in pairs(cycles) do
    local options = { anneal_strategy = strategy, three_phase = strategy == "linear" }
    local rates, momenta = follow(function(o)
      return L.OneCycleLR(o, 0.5, { total_steps = 9, anneal_strategy = strategy, three_phase = options.three_phase })
    end, 8)
    t.near(rates, expected[1], 1e-13)
    t.near(momenta, expected[2], 1e-13)
    local p = torch.zeros({ 1 }, { requires_grad = true })
    local o = schema.build(sgd { lr = 0.5, momentum = 0.9, schedule = one_cycle_of(options) },
      { parameters = { p }, steps = 9 })
    for i = 1, 9 do
      t.near({ o.groups[1].lr, o.groups[1].momentum }, { expected[1][i], expected[2][i] }, 1e-13)
      o:step()
    end
  end
  local p = torch.zeros({ 1 }, { requires_grad = true })
  t.raises(function()
    schema.build(adagrad { schedule = one_cycle_of {} }, { parameters = { p }, steps = 9 })
  end, "no momentum")
end)

local seen = { 0.5, 0.55, 0.58, 0.7, 0.7, 0.7, 0.7, 0.7 }
local falls = { 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025 }
local waiting = { mode = "max", factor = 0.5, patience = 1, cooldown = 1, threshold = 0.1, threshold_mode = "abs" }

t.test("ReduceLROnPlateau and the script's plateau fall together", function()
  t.near(follow(function(o) return L.ReduceLROnPlateau(o, waiting) end, 8, seen), falls, 1e-13)
  local p = torch.zeros({ 1 }, { requires_grad = true })
  local function make() return schema.build(sgd { lr = 0.1, schedule = plateau(waiting) }, { parameters = { p } }) end
  local o, rates = make(), {}
  rates[1] = o.groups[1].lr
  for i, value in ipairs(seen) do
    o:observe(value)
    rates[i + 1] = o.groups[1].lr
    if i == 4 then
      local again = make()
      again:load_flat_state(o:flat_state())
      o = again
    end
  end
  t.near(rates, falls, 1e-13)
end)

t.test("a warm-up is linear or constant, from a share of its own", function()
  local function rates(options)
    local schedule, list = schema.build(constant(options), {}), {}
    for i = 0, 4 do list[i + 1] = schedule.factor(i, 10) end
    return list
  end
  t.near(rates { warmup = 4 }, { 0.25, 0.5, 0.75, 1, 1 }, 1e-13)
  t.near(rates { warmup = "40%", warmup_factor = 0.2 }, { 0.2, 0.4, 0.6, 0.8, 1 }, 1e-13)
  t.near(rates { warmup = 2, warmup_shape = "constant" }, { 1 / 3, 1 / 3, 1, 1, 1 }, 1e-13)
  t.near(rates { warmup = 3, warmup_shape = "constant", warmup_factor = 0.1 }, { 0.1, 0.1, 0.1, 1, 1 }, 1e-13)
end)

t.test("step(epoch) takes the closed form", function()
  local o = optimizer()
  local s = L.CosineAnnealingLR(o, 4)
  s:step(2)
  t.near(o.param_groups[1].lr, 0.05, 1e-13)
  s:step(0)
  t.near(o.param_groups[1].lr, 0.1, 1e-13)
end)

t.test("schedules refuse what PyTorch's refuse", function()
  local o = optimizer()
  t.raises(function() L.LinearLR(o, { start_factor = 0 }) end, "Starting multiplicative factor")
  t.raises(function() L.ConstantLR(o, { factor = 2 }) end, "between 0 and 1")
  t.raises(function() L.OneCycleLR(o, 0.1) end, "total_steps OR")
  t.raises(function() L.ReduceLROnPlateau(o, { factor = 1 }) end, "Factor should be < 1.0")
  t.raises(function() L.SequentialLR(o, { L.StepLR(o, 1) }, { 3 }) end, "one more than the number of milestone points")
  t.raises(function() L.SequentialLR(o, { L.ReduceLROnPlateau(o) }, {}) end, "does not support `ReduceLROnPlateau`")
  t.raises(function() L.CosineAnnealingWarmRestarts(o, 0) end, "positive integer T_0")
  t.raises(function() L.StepLR(torch.zeros(1), 3) end, "must be an optimizer")
  t.raises(function() L.StepLR(o, { step_sise = 3 }) end, "did you mean 'step_size'")
end)
