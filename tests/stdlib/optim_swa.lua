-- torch.optim.swa_utils against PyTorch 2.13.
local t = require "test"
local nn = require "nn"
local swa = torch.optim.swa_utils

local function model()
  local m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
  torch.no_grad(function()
    m[0].weight:copy_(torch.tensor { { 1, 2 }, { 3, 4 } })
    m[0].bias:zero_()
  end)
  return m
end

-- Four updates, each after the weights grew by half and the running mean by one.
local function average(options)
  local m = model()
  local a = swa.AveragedModel(m, options)
  for _ = 1, 4 do
    torch.no_grad(function()
      m[0].weight:mul_(1.5)
      m[1].running_mean:add_(1)
    end)
    a:update_parameters(m)
  end
  return a
end

t.test("averages are equal or exponential, of one tensor or of many", function()
  local function weights(options) return average(options).module[0].weight:detach():flatten():totable() end
  t.near(weights {}, { 3.046875, 6.09375, 9.140625, 12.1875 }, 1e-5)
  t.near(weights { avg_fn = swa.get_swa_avg_fn() }, { 3.046875, 6.09375, 9.140625, 12.1875 }, 1e-5)
  local ema = { 2.085750102996826, 4.171500205993652, 6.25724983215332, 8.343000411987305 }
  t.near(weights { multi_avg_fn = swa.get_ema_multi_avg_fn(0.9) }, ema, 1e-5)
  t.near(weights { avg_fn = swa.get_ema_avg_fn(0.9) }, ema, 1e-5)
  t.raises(function() swa.get_ema_avg_fn(1.1) end, "Invalid decay value 1.1")
  t.raises(function()
    swa.AveragedModel(model(), { avg_fn = swa.get_swa_avg_fn(), multi_avg_fn = swa.get_swa_multi_avg_fn() })
  end, "Only one of avg_fn and multi_avg_fn")
end)

t.test("buffers are copied, or averaged where asked; the model stays apart from its average", function()
  t.eq(average({}).module[1].running_mean:totable(), { 4, 4 })
  local a = average { multi_avg_fn = swa.get_ema_multi_avg_fn(0.9), use_buffers = true }
  t.near(a.module[1].running_mean, { 1.561, 1.561 }, 1e-5)
  t.eq(a.n_averaged:item(), 4)
  local names = {}
  for name in pairs(a:state_dict()) do names[#names + 1] = name end
  table.sort(names)
  t.eq({ names[1], names[2], names[#names] }, { "module.0.bias", "module.0.weight", "n_averaged" })
end)

t.test("update_bn gives every batch the same weight", function()
  local a = average { multi_avg_fn = swa.get_ema_multi_avg_fn(0.9), use_buffers = true }
  a:eval()
  swa.update_bn({ torch.tensor { { 1, 2 }, { 3, 4 }, { 0, 1 } }, torch.tensor { { 5, -2 }, { 1, 0 } } }, a)
  t.near(a.module[1].running_mean, { 7.300125598907471, 19.119375228881836 }, 1e-4)
  t.near(a.module[1].running_var, { 45.6787109375, 266.09661865234375 }, 1e-3)
  t.eq(a.training, false)
end)

t.test("SWALR goes to its rate and stays", function()
  local function rates(options)
    local o = torch.optim.SGD({ torch.zeros({ 1 }, { requires_grad = true }) }, { lr = 0.1 })
    local s, list = swa.SWALR(o, 0.05, options), {}
    for i = 1, 6 do
      list[i] = o.param_groups[1].lr
      o:step()
      s:step()
    end
    return list
  end
  t.near(rates { anneal_epochs = 4 }, { 0.1, 0.092677669529664, 0.075, 0.057322330470336, 0.05, 0.05 }, 1e-12)
  t.near(rates { anneal_epochs = 3, anneal_strategy = "linear" }, { 0.1, 0.25 / 3, 0.2 / 3, 0.05, 0.05, 0.05 }, 1e-12)
  t.raises(function() rates { anneal_strategy = "sin" } end, "must be one of 'cos' or 'linear'")
end)
