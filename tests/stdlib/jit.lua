-- TorchScript archives: torch_script/net.pt was made by torch_script/make.py, whose printed values stand here.
local t = require "test"
local system = require "host.system"

local path = MOONLAB_ROOT .. "/tests/stdlib/torch_script/net.pt"
local x = torch.tensor { { 1, 2, 3 }, { 0, -1, 1 } }

t.test("a script computes as in Python, positional and by keyword", function()
  local net = torch.jit.load(path)
  t.near(net(x), { { 0.9867, 1.0 }, { 0.5776, -0.4831 } }, 1e-4)
  t.near(net(x, 2), { { 1.9734, 2.0 }, { 1.1551, -0.9662 } }, 1e-4)
  t.near(net(x, { scale = 2 }), { { 1.9734, 2.0 }, { 1.1551, -0.9662 } }, 1e-4)
  t.near(net:forward(x), { { 0.9867, 1.0 }, { 0.5776, -0.4831 } }, 1e-4)
end)

t.test("it is a module: names, state, parts, movement, modes", function()
  local net = torch.jit.load(path)
  t.eq(net:state_dict_names(), { "fc.weight", "fc.bias", "norm.weight", "norm.bias", "norm.running_mean",
    "norm.running_var", "norm.num_batches_tracked" })
  t.eq(net.training, false)
  for name, p in net:named_parameters() do t.eq(p.requires_grad, false, name) end
  t.eq(net.norm.running_mean:totable(), { 0.125, 0.25 })
  t.near(net.fc(x), { { 2.5, 6.0 }, { 0.75, -0.25 } }, 1e-6)
  local before = net(x)
  net:to "float64"
  local wide = net(x:to "float64")
  t.eq(wide.dtype, "float64")
  t.ok(torch.allclose(wide, before:to "float64", { rtol = 1e-5, atol = 1e-6 }))
  local state = net:state_dict()
  state["fc.weight"] = torch.zeros(2, 3)
  net:load_state_dict(state)
  t.eq(net.fc(x:to "float64"):totable(), { { 0.5, -0.5 }, { 0.5, -0.5 } })
  net:train()
  net(x:to "float64")
  t.ok(net.norm.running_mean[0]:item() ~= 0.125, "the script trains")
end)

t.test("gradients flow through a frozen script, and into it once it is unfrozen", function()
  local net = torch.jit.load(path)
  local input = x:clone():requires_grad_(true)
  net(input):sum():backward()
  t.ok(input.grad:abs():sum():item() > 0)
  t.eq(net.fc.weight.grad, nil)
  net:unfreeze()
  net(x):sum():backward()
  t.ok(net.fc.weight.grad:abs():sum():item() > 0)
end)

t.test("a script stands inside other modules", function()
  local model = nn.Sequential(torch.jit.load(path), nn.ReLU())
  t.near(model(x), { { 0.9867, 1.0 }, { 0.5776, 0 } }, 1e-4)
end)

t.test("lists, dicts, tuples and None go both ways", function()
  local net = torch.jit.load(path)
  local total, by_name, counts, extra = net:invoke("several", { x, x }, { a = 1, b = 2 })
  t.eq(total:totable(), (x * 2):totable())
  t.eq(by_name.count:item(), 3)
  t.eq(counts, { 3, 2 })
  t.eq(extra, nil)
  t.eq(net:invoke("several", { x }, {}, x):totable(), (x * 2):totable())
  t.eq(net:invoke("pair", { 7, "n" }), "n7")
  t.eq(net:methods(), { "forward", "pair", "refuse", "several" })
  t.ok(net:schema "several":find("Dict(str, int) names", 1, true), net:schema "several")
end)

t.test("wrong arguments are named, the script's own errors told", function()
  local net = torch.jit.load(path)
  t.raises(function() net(3) end, "forward: argument 1 ('x') must be Tensor, got 3")
  t.raises(function() net() end, "x")
  t.raises(function() net(x, 1, 2) end, "forward: takes 2 arguments, got 3")
  t.raises(function() net:invoke("several", { x, 1 }, {}) end, "argument 1 ('xs')[2] must be Tensor, got 1")
  t.raises(function() net:invoke("several", { x }, { a = 1.5 }) end, "argument 2 ('names')['a'] must be int, got 1.5")
  t.raises(function() net:invoke "severel" end, "no method 'severel'; did you mean 'several'?")
  t.raises(function() net:invoke("refuse", x) end, "never this one")
  t.raises(function() net(torch.ones(2, 5)) end, "Net.forward: ")
end)

t.test("what is no sound archive is refused by name", function()
  local folder = system.temporary_folder "jit"
  local file = assert(io.open(path, "rb"))
  local whole = file:read "*a"
  file:close()
  local broken = folder .. "/broken.pt"
  local function refused(bytes, why)
    system.write_atomic(broken, bytes)
    local text = t.raises(function() torch.jit.load(broken) end, why)
    t.ok(text:find(broken, 1, true), text)
  end
  for _, keep in ipairs { 0, 10, 2000, #whole - 30 } do refused(whole:sub(1, keep), "") end
  refused("PK\3\4" .. ("x"):rep(100), "")
  refused("no archive", "it is no zip file")
  -- single bytes changed all over: an error or a module, and the program goes on
  for at = 5, #whole, 97 do
    system.write_atomic(broken, whole:sub(1, at - 1) .. string.char(255 - whole:byte(at)) .. whole:sub(at + 1))
    local done, text = pcall(torch.jit.load, broken)
    t.ok(done or text:find(broken, 1, true), tostring(text))
  end
  t.raises(function() torch.jit.load(folder .. "/none.pt") end, folder .. "/none.pt: No such file or directory")
  t.raises(function() torch.jit.load(path, { mp = 1 }) end, "unknown option 'mp'")
  system.remove(folder)
end)
