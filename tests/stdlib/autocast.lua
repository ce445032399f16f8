-- Autocast regions and the gradient scaler.
local t = require "test"
local nn = require "nn"

local function product() return torch.ones(2, 2):matmul(torch.ones(2, 2)) end

t.test("operators run in the region's dtype, by PyTorch's lists", function()
  local y = torch.autocast("cpu", { dtype = "bfloat16" }, product)
  t.eq(y.dtype, "bfloat16")
  t.eq(torch.autocast("cpu", product).dtype, "bfloat16") -- the CPU's own
  t.eq(torch.autocast("cpu", { dtype = "float16" }, product).dtype, "float16")
  t.eq(product().dtype, "float32")
  local F = torch.nn.functional
  torch.autocast("cpu", { dtype = "bfloat16" }, function()
    local p = product()
    -- precision that a loss needs stays; views, sums and elementwise operators follow their inputs
    t.eq(F.mse_loss(p, torch.zeros(2, 2)).dtype, "float32")
    t.eq(torch.cat({ p, torch.zeros(2, 2) }).dtype, "float32")
    t.eq(F.relu(p).dtype, "bfloat16")
    t.eq(F.linear(p, torch.ones(3, 2), torch.ones(3)).dtype, "bfloat16")
    local double = torch.ones({ 2, 2 }, { dtype = "float64" })
    t.eq(double:matmul(double).dtype, "float64")
  end)
end)

t.test("regions nest, may be off inside, and end also by an error", function()
  torch.autocast("cpu", { dtype = "bfloat16" }, function()
    t.eq({ torch.is_autocast_enabled "cpu", torch.get_autocast_dtype "cpu" }, { true, "bfloat16" })
    torch.autocast("cpu", { dtype = "float16" }, function() t.eq(product().dtype, "float16") end)
    t.eq(product().dtype, "bfloat16")
    torch.autocast("cpu", { enabled = false }, function()
      t.eq(torch.is_autocast_enabled "cpu", false)
      t.eq(product().dtype, "float32")
    end)
    t.raises(function() torch.autocast("cpu", { dtype = "float16" }, function() error "inside" end) end, "inside")
    t.eq(torch.get_autocast_dtype "cpu", "bfloat16")
  end)
  t.raises(function() torch.autocast("cpu", function() return torch.ones(2, 3):matmul(torch.ones(2, 3)) end) end,
    "shapes cannot be multiplied")
  t.eq({ torch.is_autocast_enabled "cpu", torch.get_autocast_dtype "cpu" }, { false, "bfloat16" })
end)

t.test("torch.amp.autocast spells it as PyTorch does, and passes values through", function()
  local wrapped = torch.amp.autocast("cpu", { dtype = "bfloat16" })
  local y, more = wrapped(function(x, extra) return x:matmul(x), extra end, torch.ones(2, 2), 7)
  t.eq({ y.dtype, more }, { "bfloat16", 7 })
  t.eq(torch.amp.is_autocast_available "cpu", true)
  t.eq(torch.amp.is_autocast_available "tpu", false)
  t.raises(function() torch.autocast("tpu", product) end, "no device type 'tpu'")
  t.raises(function() torch.autocast("cpu", { dtype = "int64" }, product) end, "bfloat16 or float16")
  t.raises(function() torch.autocast("cpu", { dtipe = "bfloat16" }, product) end, "did you mean 'dtype'")
end)

t.test("a weight is cast once a region and let go at its end", function()
  local w = torch.ones({ 64, 64 }, { requires_grad = true })
  local x = torch.ones(1, 64)
  local function product_of(value)
    torch.no_grad(function() w:fill_(value) end)
    return x:matmul(w)[0][0]:item()
  end
  -- within a region a kept cast does not see that the weight changed; one that is made anew does
  local kept = torch.autocast("cpu", function() return { product_of(1), product_of(2) } end)
  local anew = torch.autocast("cpu", { cache_enabled = false }, function() return { product_of(1), product_of(2) } end)
  t.eq({ kept, anew }, { { 64, 64 }, { 64, 128 } })
  t.eq(torch.is_autocast_cache_enabled(), true)
  -- a weight that changed between two regions is cast anew
  t.eq({ torch.autocast("cpu", product_of, 1), torch.autocast("cpu", product_of, 2) }, { 64, 128 })
  -- also where the region before ended by an error
  pcall(torch.autocast, "cpu", function()
    product_of(1)
    error "out"
  end)
  t.eq(torch.autocast("cpu", product_of, 3), 192)
end)

t.test("modules of the host compute under autocast; backward outside gives float32 gradients", function()
  local layer = nn.Linear(4, 3)
  local y = torch.autocast("cpu", { dtype = "bfloat16" }, layer, torch.ones(2, 4))
  t.eq(y.dtype, "bfloat16")
  y:float():sum():backward()
  t.eq(layer.weight.grad.dtype, "float32")
  t.near(layer.bias.grad, { 2, 2, 2 }, 0)
end)

t.test("a custom function keeps its precision, and its backward the forward's settings", function()
  local seen = {}
  local f = torch.autograd.fn {
    forward = torch.amp.custom_fwd(function(ctx, a, b)
      ctx:save_for_backward(a, b)
      seen.forward = { a.dtype, torch.is_autocast_enabled "cpu" }
      return a:matmul(b)
    end, { device_type = "cpu", cast_inputs = "float32" }),
    backward = torch.amp.custom_bwd(function(ctx, g)
      local a, b = unpack(ctx.saved_tensors)
      seen.backward = torch.is_autocast_enabled "cpu"
      return g:matmul(b:t()), a:t():matmul(g)
    end, { device_type = "cpu" }),
  }
  local a = torch.ones({ 2, 2 }, { requires_grad = true })
  local y = torch.autocast("cpu", function()
    local y = f(a:matmul(a), a)
    y:sum():backward()
    return y
  end)
  t.eq(y.dtype, "float32")
  t.eq(seen, { forward = { "float32", false }, backward = false })
end)

-- Python's scaler, Adam and clipping on sum(p^2), whose third, fourth and eighth gradients are infinite:
-- scale, p and growth tracker after each step.
local scaled = {
  {
    { 1024, 0.90000004, 1.9, 2.9000001, 1 }, { 1024, 0.80020833, 1.8000207, 2.7999759, 2 },
    { 512, 0.80020833, 1.8000207, 2.7999759, 0 }, { 256, 0.80020833, 1.8000207, 2.7999759, 0 },
    { 256, 0.70082092, 1.7000803, 2.6999102, 1 }, { 256, 0.60209417, 1.6002011, 2.5997849, 2 },
    { 512, 0.50436538, 1.5004113, 2.4995811, 0 }, { 256, 0.50436538, 1.5004113, 2.4995811, 0 },
    { 256, 0.40807956, 1.4007455, 2.3992798, 1 }, { 256, 0.31382462, 1.3012475, 2.298862, 2 },
  },
  {
    { 1024, 0.90000004, 1.9, 2.9000001, 1 }, { 1024, 0.80041224, 1.8001665, 2.8001027, 2 },
    { 512, 0.80041224, 1.8001665, 2.8001027, 0 }, { 256, 0.80041224, 1.8001665, 2.8001027, 0 },
    { 256, 0.70158631, 1.7006234, 2.7003815, 1 }, { 256, 0.60393912, 1.6015049, 2.6009135, 2 },
    { 512, 0.50796372, 1.5029558, 2.5017796, 0 }, { 256, 0.50796372, 1.5029558, 2.5017796, 0 },
    { 256, 0.41423652, 1.4051317, 2.4030638, 1 }, { 256, 0.32342076, 1.3081994, 2.3048539, 2 },
  },
}

for _, fused in ipairs { false, true } do
  t.test(("the scaler grows, shrinks and skips as PyTorch's%s")
    :format(fused and ", with a fused step" or ""), function()
    local p = torch.tensor({ 1, 2, 3 }, { requires_grad = true })
    local o = torch.optim.Adam({ p }, { lr = 0.1, fused = fused })
    local s = torch.amp.GradScaler("cpu", { init_scale = 1024, growth_interval = 3 })
    t.eq(s:get_scale(), 1024)
    for i = 0, 9 do
      scope(function()
        o:zero_grad()
        local loss = (p * p):sum() * ((i == 2 or i == 3 or i == 7) and math.huge or 1)
        s:scale(loss):backward()
        if not fused then
          s:unscale_(o)
          torch.clip_grad_norm_({ p }, 1)
        end
        s:step(o)
        s:update()
      end)
      local x = p:detach():totable()
      t.near({ s:get_scale(), x[1], x[2], x[3], s:state_dict()._growth_tracker }, scaled[fused and 2 or 1][i + 1], 2e-6)
      if i == 4 then -- goes on from its state
        local again = torch.amp.GradScaler("cpu")
        again:load_state_dict(s:state_dict())
        s = again
      end
    end
  end)
end

t.test("the scaler keeps to its order of calls", function()
  local p = torch.tensor({ 1, 2 }, { requires_grad = true })
  local o = torch.optim.SGD({ p }, { lr = 0.1 })
  local s = torch.amp.GradScaler "cpu"
  t.raises(function() s:step(o) end, "_scale is None")
  t.eq(s:scale({ p:sum(), { p:sum() } })[2][1]:item(), 3 * 65536)
  s:scale(p:sum()):backward()
  s:unscale_(o)
  t.eq(p.grad:totable(), { 1, 1 })
  t.raises(function() s:unscale_(o) end, "already been called")
  s:step(o)
  t.raises(function() s:step(o) end, "already been called")
  t.raises(function() s:unscale_(o) end, "after step")
  s:update(512)
  t.eq(s:get_scale(), 512)
  t.raises(function() s:update() end, "No inf checks")
  t.raises(function() torch.amp.GradScaler("cpu", { growth_factor = 1 }) end, "growth factor must be > 1.0")
  local off = torch.amp.GradScaler("cpu", { enabled = false })
  t.eq({ off:get_scale(), off:is_enabled(), off:state_dict() }, { 1, false, {} })
  local half = torch.zeros({ 2 }, { dtype = "float16", requires_grad = true })
  half.grad = torch.ones({ 2 }, { dtype = "float16" })
  s:scale(p:sum())
  t.raises(function() s:unscale_(torch.optim.SGD({ half })) end, "FP16 gradients")
end)
