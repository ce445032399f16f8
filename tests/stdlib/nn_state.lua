local t = require "test"
local nn = require "nn"

local function names(list)
  local all = {}
  for i, pair in ipairs(list) do all[i] = pair[1] end
  return all
end

local function net() return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Sequential(nn.Linear(3, 1))) end

t.test("lists of parts run in a for loop, with prefix, without children, with what is met twice", function()
  local m, seen = net(), {}
  for name, p in m:named_parameters() do seen[#seen + 1] = name .. " " .. #p.shape end
  t.eq(seen, { "0.weight 2", "0.bias 1", "1.weight 1", "1.bias 1", "2.0.weight 2", "2.0.bias 1" })
  t.eq(names(m:named_parameters { prefix = "enc", recurse = false }), {})
  t.eq(names(m[0]:named_parameters "enc"), { "enc.weight", "enc.bias" })
  t.eq(names(m:named_buffers()), { "1.running_mean", "1.running_var", "1.num_batches_tracked" })
  t.eq(names(m:named_modules()), { "", "0", "1", "2", "2.0" })
  t.eq(names(m:named_children()), { "0", "1", "2" })
  t.eq({ #m:children(), #m:modules(), #m:buffers(), #m:parameters(), #m:parameters(false) }, { 3, 5, 3, 6, 0 })
  local kinds = {}
  for child in m:children() do kinds[#kinds + 1] = child.kind end
  t.eq(kinds, { "Linear", "BatchNorm1d", "Sequential" })

  local tied = nn.Module { a = m[0], b = m[0] }
  tied.c = nn.Linear(2, 3)
  tied.c.weight = m[0].weight
  t.eq(names(tied:named_parameters()), { "a.weight", "a.bias", "c.bias" })
  t.eq(names(tied:named_parameters { remove_duplicate = false }),
    { "a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias" })
  t.eq(#tied:named_modules(), 3)
  t.eq(#tied:named_modules { remove_duplicate = false }, 4)
  t.eq(tied:state_dict_names(), { "a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias" })
  t.raises(function() m:named_parameters { prefx = "a" } end, "unknown option 'prefx'")
end)

t.test("parts are found by dotted names", function()
  local m = net()
  t.ok(rawequal(m:get_submodule "2.0", m[2][0]) and rawequal(m:get_submodule "", m))
  t.ok(rawequal(m:get_parameter "2.0.weight", m[2][0].weight))
  t.ok(rawequal(m:get_buffer "1.running_var", m[1].running_var))
  t.raises(function() m:get_submodule "2.3" end, "no submodule '3' %(in '2%.3'%); parts: 0")
  t.raises(function() m:get_parameter "1.running_var" end, "no parameter 'running_var'; parameters: weight, bias")
  m:set_submodule("2.0", nn.Identity())
  t.eq(m[2][0].kind, "Identity")
end)

t.test("registering: parameters, buffers, nil, what passes, what is there already", function()
  local m = nn.Module {}
  local p = torch.zeros(2)
  m:register_parameter("p", p)
  t.ok(rawequal(m.p, p) and p.requires_grad)
  m:register_parameter("none", nil)
  m:register_buffer("b", torch.ones(1))
  m:register_buffer("passing", torch.ones(1), { persistent = false })
  m:register_buffer("absent")
  m:add_module("child", nn.ReLU())
  t.eq(m:state_dict_names(), { "p", "b" })
  t.eq(names(m:named_buffers()), { "b", "passing" })
  t.eq({ m.none, m.absent }, {})
  t.raises(function() m:register_buffer("p", torch.ones(1)) end, "'p' is registered already")
  t.raises(function() m:register_parameter("child", torch.ones(1)) end, "registered already")
  t.raises(function() m:register_parameter("q", p * 2) end, "computed tensor cannot be the parameter 'q'")
  t.raises(function() m.p = p * 2 end, "computed tensor")
  m.frozen = nn.Parameter(torch.ones(1), false)
  t.eq(names(m:named_parameters()), { "p", "frozen" })
  m.frozen, m.child = nil, nil
  t.eq(names(m:named_parameters()), { "p" })
  t.eq({ m.frozen, m.child, #m:children() }, { [3] = 0 })
  m.frozen = nn.Parameter(torch.ones(1)) -- its place is still there
  t.eq(m:state_dict_names(), { "p", "frozen", "b" })
end)

t.test("a state runs in order, with prefix, with history", function()
  local m = nn.Linear(2, 1)
  local order = {}
  for name, tensor in m:state_dict { prefix = "fc." } do
    order[#order + 1] = name .. (tensor.requires_grad and " live" or "")
  end
  t.eq(order, { "fc.weight", "fc.bias" })
  t.ok(m:state_dict({ keep_vars = true }).weight.requires_grad)
  local into = { other = torch.ones(1) }
  t.ok(rawequal(m:state_dict { destination = into }, into) and into.bias and into.other)
end)

t.test("loading renames, takes prefixes off, leaves out, and says what would fit", function()
  local m = net()
  local state, old = net():state_dict(), {}
  for name, tensor in state do old["module." .. name:gsub("^2%.0", "head")] = tensor end
  t.raises(function() m:load_state_dict(old, { prefix = "module." }) end, "missing: 2.0.weight")
  t.eq(tostring(m:load_state_dict(old, { prefix = "module.", rename = { head = "2.0" } })), "all keys matched")
  t.ok(torch.equal(m[2][0].weight, state["2.0.weight"]))
  m:load_state_dict(old, { prefix = "module.", rename = { ["^head%."] = "2.0." } })
  m:load_state_dict(old, { rename = function(name) return (name:gsub("^module%.", ""):gsub("^head", "2.0")) end })
  local report = m:load_state_dict(state, { rename = { ["2.0"] = false }, strict = false })
  t.eq(report.missing_keys, { "2.0.weight", "2.0.bias" })
  t.ok(tostring(report):find "missing: 2.0.weight, 2.0.bias")
  t.raises(function() m:load_state_dict(state, { rename = { nothing = "x" } }) end, "no name begins with 'nothing'")
  t.raises(function() m:load_state_dict(state, { rename = { ["0"] = "1" } }) end, "are both '1.weight' after renaming")
  t.raises(function() m:load_state_dict { model = state } end, "one level down, under 'model'")
  t.raises(function() m:load_state_dict { weight = 3 } end, "must be a tensor, got a number")
  t.raises(function() m:load_state_dict(state, { strikt = false }) end, "unknown option 'strikt'")
  local wrapped = {}
  for name, tensor in state do wrapped["model." .. name] = tensor end
  t.raises(function() m:load_state_dict(wrapped) end, 'prefix = "model."')
end)

t.test("assign puts the given tensors in place; a failure changes nothing", function()
  local m = nn.Linear(2, 1)
  local w = torch.ones(1, 2, { dtype = "float64" })
  m:load_state_dict({ weight = w, bias = torch.zeros(1) }, { assign = true })
  t.eq({ m.weight.dtype, m.weight.requires_grad, m.weight:data_ptr() == w:data_ptr() }, { "float64", true, true })
  t.raises(function() m:load_state_dict { weight = torch.zeros(1, 2), bias = torch.zeros(2) } end,
    "of another shape: bias [2] for [1]")
  t.eq(m.weight:sum():item(), 2)
end)

t.test("hooks of states, and what a class keeps beside tensors", function()
  local Counter = nn.class "Counter"
  function Counter:init() self.fc, self.count = nn.Linear(1, 1), 3 end
  function Counter:get_extra_state() return { count = self.count } end
  function Counter:set_extra_state(extra) self.count = extra.count end
  local a, b = nn.Sequential(Counter()), nn.Sequential(Counter())
  a[0].count = 8
  t.eq(a:state_dict_names(), { "0._extra_state", "0.fc.weight", "0.fc.bias" })
  b:load_state_dict(a:state_dict())
  t.eq(b[0].count, 8)
  t.raises(function() nn.Sequential(nn.Linear(1, 1)):load_state_dict({ ["0._extra_state"] = 1 },
    { strict = true }) end, "missing")

  local log = {}
  a[0].fc:register_state_dict_pre_hook(function(_, prefix) log[#log + 1] = "pre " .. prefix end)
  a:register_state_dict_post_hook(function(_, state, prefix) state["0.fc.extra"] = state["0.fc.bias"] end)
  local state = a:state_dict()
  t.eq(log, { "pre 0.fc." })
  b[0].fc:register_load_state_dict_pre_hook(function(_, given, prefix) given[prefix .. "extra"] = nil end)
  b:load_state_dict(state)
  state.unknown = torch.ones(1)
  t.raises(function() b:load_state_dict(state) end, "unexpected: unknown")
  b:register_load_state_dict_post_hook(function(_, report) report.unexpected_keys = {} end)
  b:load_state_dict(state)
end)

t.test("dtypes, memory formats, the meta device, freezing by name", function()
  local m = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
  t.eq(m:half()[0].weight.dtype, "float16")
  t.eq(m:bfloat16()[0].weight.dtype, "bfloat16")
  t.eq(m:double()[1].running_mean.dtype, "float64")
  t.eq(m[1].num_batches_tracked.dtype, "int64")
  t.eq(m:float():to { dtype = "float64" }[0].weight.dtype, "float64")
  t.eq(m:to(torch.ones(1))[0].weight.dtype, "float32")
  m:to { memory_format = "channels_last" }
  t.eq(m[0].weight:stride(), { 27, 1, 9, 3 })
  t.raises(function() m:to "int64" end, "floating point and complex dtypes alone, got int64")
  t.raises(function() m:to { memory_format = "chanels_last" } end, "did you mean 'channels_last'")
  m:to_empty { device = "meta" }
  t.eq(m[0].weight.device, "meta")
  t.raises(function() m:cpu() end, "to_empty")
  m:to_empty "cpu"
  t.eq(m[0].weight.device, "cpu")
  m:freeze "0"
  t.eq({ m:num_parameters(true), m:num_parameters() }, { 8, 3 * 4 * 9 + 4 + 8 })
  m:unfreeze { "^%d%.bias" }
  t.eq(m:num_parameters(true), 8 + 4)
  t.raises(function() m:freeze "head" end, "no parameter begins with 'head'; parameters: 0.weight")
end)
