-- torch.nn.functional against PyTorch's documented formulas and numbers.
local t = require "test"
local F = torch.nn.functional

local function near(a, b, tolerance)
  t.eq(a.shape, b.shape)
  t.ok(torch.allclose(a, b, 1e-4, tolerance or 1e-5), tostring(a) .. tostring(b))
end

t.test("cross_entropy: weight, label smoothing, ignore_index, distributions", function()
  local x = torch.tensor { { 1, 2, 3 }, { 0, 0, 1 } }
  local y = torch.tensor({ 2, 0 }, { dtype = "int64" })
  local logp = F.log_softmax(x, 1)
  near(F.cross_entropy(x, y), -(logp[{ 0, 2 }] + logp[{ 1, 0 }]) / 2)
  near(F.cross_entropy(x, y, { reduction = "none" }), torch.stack { -logp[{ 0, 2 }], -logp[{ 1, 0 }] })
  near(F.cross_entropy(x, y, { ignore_index = 0 }), -logp[{ 0, 2 }])
  local w = torch.tensor { 1, 1, 3 }
  near(F.cross_entropy(x, y, w), -(3 * logp[{ 0, 2 }] + logp[{ 1, 0 }]) / 4)
  local smooth = F.one_hot(y, 3):float() * 0.9 + 0.1 / 3
  near(F.cross_entropy(x, y, { label_smoothing = 0.1 }), F.cross_entropy(x, smooth))
  near(F.cross_entropy(x, y, { size_average = false }), F.cross_entropy(x, y, { reduction = "sum" }))
  near(F.linear_cross_entropy(torch.eye(2), x:t(), y, { reduction = "sum" }), F.cross_entropy(x, y, { reduction = "sum" }))
end)

t.test("kl_div batchmean; gaussian and binary losses", function()
  local p = torch.tensor { { 0.5, 0.5 }, { 0.25, 0.75 } }
  local q = torch.tensor { { 0.1, 0.9 }, { 0.5, 0.5 } }
  near(F.kl_div(q:log(), p, { reduction = "batchmean" }), (p * (p / q):log()):sum() / 2)
  near(F.binary_cross_entropy_with_logits(torch.zeros(2), torch.tensor { 0, 1 }, { pos_weight = torch.tensor { 2 } }),
    torch.tensor(math.log(2) * 1.5))
  local x = torch.tensor { 1, 2 }
  near(F.gaussian_nll_loss(x, torch.zeros(2), torch.tensor { 1, 4 }), torch.tensor((0.5 + 0.5 * (math.log(4) + 1)) / 2))
  near(F.mse_loss(x, torch.zeros(2), { weight = torch.tensor { 1, 3 } }), torch.tensor(13 / 4))
  near(F.huber_loss(x, torch.zeros(2), { delta = 1, reduction = "sum" }), torch.tensor(2.0))
  near(F.triplet_margin_with_distance_loss(x, x, x + 3, { margin = 4,
    distance_function = function(a, b) return (a - b):abs():sum(-1) end }), torch.tensor(0.0))
end)

t.test("interpolate", function()
  local x = torch.arange(4, { dtype = "float32" }):view(1, 1, 2, 2)
  t.eq(F.interpolate(x, { scale_factor = 2 })["0, 0, 0"]:totable(), { 0, 0, 1, 1 })
  t.eq(F.interpolate(x, { 1, 1 }, { mode = "area" }):item(), 1.5)
  t.eq(F.interpolate(x, { size = 3, mode = "bilinear", align_corners = true })["0, 0, 0"]:totable(), { 0, 0.5, 1 })
  t.raises(function() F.interpolate(x, 2, { mode = "bilinaer" }) end, "did you mean 'bilinear'")
  t.raises(function() F.interpolate(x, 2, { mode = "linear" }) end, "takes 3 dims, got 4")
end)

t.test("pools give indices on request, unpooling puts values back", function()
  local x = torch.arange(16, { dtype = "float32" }):view(1, 1, 4, 4)
  local y, i = F.max_pool2d(x, 2, { return_indices = true })
  t.eq(i:view(-1):totable(), { 5, 7, 13, 15 })
  t.eq(select("#", F.max_pool2d(x, 2)), 1)
  local back = F.max_unpool2d(y, i, 2)
  t.eq(back.shape, x.shape)
  t.eq(back:sum():item(), y:sum():item())
  t.eq(F.adaptive_avg_pool2d(x, { torch.None, 1 }).shape, { 1, 1, 4, 1 })
  near(F.lp_pool2d(x, 2, 2)["0, 0, 0, 0"], torch.tensor(math.sqrt(0 + 1 + 16 + 25)))
end)

t.test("attention equals its formula; a mask leaves keys out", function()
  local q, k, v = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 5, 4), torch.randn(1, 2, 5, 4)
  near(F.scaled_dot_product_attention(q, k, v), F.softmax(q:matmul(k.mT) / 2, -1):matmul(v))
  local x, w = torch.randn(3, 2, 4), torch.randn(12, 4)
  local mask = torch.tensor { { false, false, true }, { false, false, false } }
  local out, weights = F.multi_head_attention_forward(x, x, x, 4, 2, w, nil, nil, nil, false, 0, torch.eye(4), nil, { key_padding_mask = mask })
  t.eq(out.shape, { 3, 2, 4 })
  near(weights["0, :, 2"], torch.zeros(3))
  near(weights:sum(-1), torch.ones(2, 3))
  local fast = F.multi_head_attention_forward(x, x, x, 4, 2, w, nil, nil, nil, false, 0, torch.eye(4), nil, { key_padding_mask = mask, need_weights = false })
  near(fast, out)
end)

t.test("dropout and Gumbel samples", function()
  local x = torch.ones(100, 4)
  t.eq(F.dropout(x, 0.5, false):sum():item(), 400)
  local y = F.dropout(x, 0.5)
  t.ok(y:eq(0):any():item() and y:eq(2):any():item() and y:ne(0):logical_and(y:ne(2)):any():item() == false)
  t.raises(function() F.dropout(x, 2) end, "p is a probability, got 2")
  local hard = F.gumbel_softmax(x, 1, true)
  near(hard:sum(-1), torch.ones(100))
  near(hard:amax(-1), torch.ones(100))
end)

t.test("embedding: padding, rescaled rows, bags", function()
  local w = torch.tensor({ { 3, 4 }, { 0, 1 } }, { requires_grad = true })
  local i = torch.tensor({ { 0, 1 } }, { dtype = "int64" })
  F.embedding(i, w, -1):sum():backward()
  t.eq(w.grad:totable(), { { 1, 1 }, { 0, 0 } })
  t.eq(F.embedding_bag(i, w, { mode = "sum" }):totable(), { { 3, 5 } })
  F.embedding(i, w, { max_norm = 1 })
  near(w[0]:detach(), torch.tensor { 0.6, 0.8 })
  t.raises(function() F.embedding(i, w, 2) end, "padding_idx must lie in %[%-2, 1%], got 2")
end)

t.test("in place", function()
  local x = torch.tensor { -1, 2 }
  t.eq(F.relu(x):totable(), { 0, 2 })
  t.eq(F.leaky_relu(x, 0.5, true), x)
  t.eq(x:totable(), { -0.5, 2 })
end)

t.test("mistakes", function()
  local x = torch.ones(2, 2)
  t.raises(function() F.cross_entropy(x) end, "argument 'target' is missing")
  t.raises(function() F.normalize(x, { dimm = 1 }) end, "has no argument 'dimm'; did you mean 'dim'?")
  t.raises(function() F.normalize(x, 2, { p = 1 }) end, "'p' is given by position and by name")
  t.raises(function() F.mse_loss(x, x, { reduction = "men" }) end, "did you mean 'mean'")
  t.raises(function() return F.crossentropy end, "did you mean 'cross_entropy'")
end)
