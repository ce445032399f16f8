--- What layers of torch.nn keep, refuse and take beside tensors.
local t = require "test"
local nn = require "nn"

t.test("losses keep their weights as buffers", function()
  local loss = nn.CrossEntropyLoss { weight = torch.tensor({ 1, 2, 4 }, { dtype = "float32" }) }
  t.eq(loss:state_dict_names(), { "weight" })
  local logits = torch.zeros(2, 3)
  t.near(loss(logits, torch.tensor({ 0, 2 }, { dtype = "int64" })):item(), math.log(3), 1e-6)
  t.eq(tostring(loss):match "^[%w()]+", "CrossEntropyLoss()")
end)

t.test("places of maxima undo a pool, and a transposed convolution gives the size asked for", function()
  local x = torch.arange(0, 25, { dtype = "float64" }):reshape(1, 1, 5, 5)
  local y, places = nn.MaxPool2d(2, 2, { return_indices = true })(x)
  local back = nn.MaxUnpool2d(2, 2)(y, places, { output_size = { 5, 5 } })
  t.eq(back.shape, { 1, 1, 5, 5 })
  t.eq(back:sum():item(), y:sum():item())
  local up = nn.ConvTranspose2d(1, 1, 3, { stride = 2 })
  t.eq(up(torch.ones(1, 1, 3, 3), { output_size = { 8, 7 } }).shape, { 1, 1, 8, 7 })
  t.raises(function() up(torch.ones(1, 1, 3, 3), { 9, 9 }) end, "valid sizes range from 7 to 8")
end)

t.test("embeddings: bags, a padding row, rows of one's own", function()
  local table_of = torch.tensor { { 1, 0 }, { 0, 2 }, { 3, 3 } }
  local bag = nn.EmbeddingBag.from_pretrained(table_of, { mode = "sum" })
  local ids, offsets = torch.tensor({ 0, 1, 2 }, { dtype = "int64" }), torch.tensor({ 0, 2 }, { dtype = "int64" })
  t.eq(bag(ids, { offsets = offsets }):totable(), { { 1, 2 }, { 3, 3 } })
  t.ok(not bag.weight.requires_grad)
  local e = nn.Embedding(4, 2, { padding_idx = -1 })
  t.eq(e.weight[3]:abs():sum():item(), 0)
  t.raises(function() nn.Embedding(4, 2, 7) end, "padding_idx must lie in")
end)

t.test("rare classes in clusters: the loss is the log probability of the target", function()
  local layer = nn.AdaptiveLogSoftmaxWithLoss(4, 10, { 3, 6 }):to "float64"
  local x, y = torch.arange(1, 21, { dtype = "float64" }):sin():reshape(5, 4), torch.tensor({ 0, 9, 4, 2, 7 }, { dtype = "int64" })
  local output, loss = layer(x, y)
  local all = layer:log_prob(x)
  t.ok(torch.allclose(output, all:gather(1, y:unsqueeze(1)):squeeze(1)))
  t.near(loss:item(), -output:mean():item(), 1e-12)
  t.ok(torch.allclose(all:exp():sum(1), torch.ones(5, { dtype = "float64" })))
  t.raises(function() layer(x, y + 5) end, "target values should be in [0, 9]")
end)

t.test("wrong shapes and options are refused", function()
  t.raises(function() nn.BatchNorm2d(2)(torch.ones(2, 2)) end, "expected 4D input (got 2D input)")
  t.raises(function() nn.BatchNorm1d(2)(torch.ones(1, 2)) end, "more than 1 value per channel")
  t.raises(function() nn.InstanceNorm1d(2)(torch.ones(1, 2, 1)) end, "more than 1 spatial element")
  t.raises(function() nn.Conv2d(3, 4, 1, { groups = 2 }) end, "must divide by groups")
  t.raises(function() nn.Conv2d(2, 4, 3, 2, "same") end, "strided")
  t.raises(function() nn.Conv2d(2, 4, 3, { padding_mode = "circulr" }) end, "did you mean 'circular'")
  t.raises(function() nn.LSTM(3, 2, { proj_size = 2 }) end, "proj_size")
  t.raises(function() nn.GRU(3, 2)(torch.ones(4, 1, 5)) end, "Expected 3, got 5")
  t.raises(function() nn.GroupNorm(3, 4) end, "divisible by num_groups")
  t.raises(function() nn.MultiheadAttention(5, 2) end, "divisible by num_heads")
  t.raises(function() nn.MultiMarginLoss { p = 3 } end, "p == 1 and p == 2")
  t.raises(function() nn.Dropout(1.5) end, "[0, 1]")
end)

t.test("channels around a channel divide it", function()
  local x = torch.arange(1, 6, { dtype = "float64" }):reshape(1, 5, 1, 1)
  local y = nn.CrossMapLRN2d(3, 3, 1, 2)(x):reshape(-1)
  for c = 0, 4 do
    local sum = 0
    for near = math.max(0, c - 1), math.min(4, c + 1) do sum = sum + (near + 1) ^ 2 end
    t.near(y[c]:item(), (c + 1) / (2 + sum), 1e-12)
  end
end)
