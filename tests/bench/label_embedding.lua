-- The five terms of label embeddings, forward and backward: the host's one pass against the same formula written with
-- operators, as the authors' code has it, alternating in one run.
--
--     moonlab tests/bench/label_embedding.lua
--
-- Prints microseconds a step and their ratio; under 1 the host's is faster.
local host = require "host.representation"
local system = require "host.system"

torch.set_num_threads(1)
local cross_entropy = torch.nn.functional.cross_entropy

local function operators(z, e, row, y, m)
  local z1, z2, rows = z:narrow(1, 0, m), z:narrow(1, m, m), e:index_select(0, row)
  local p2, q, soft = z2:softmax(1), (z2 / 2):softmax(1):detach(), rows:softmax(1):detach()
  local mask = z2:argmax(1):eq(y):float()
  local learnt = -((rows:log_softmax(1) * q):sum(1) * mask):sum() / (mask:sum() + 1e-8)
  local hinge = (p2:gather(1, y:unsqueeze(1)) - 0.9):relu():sum()
  local first = cross_entropy(z1, y) * 0.5 - (soft * z1:log_softmax(1)):sum(1):mean() * 0.5
  return first + cross_entropy(z2, y) + hinge + learnt
end

local function seconds(step, count)
  local started = system.clock()
  for _ = 1, count do scope(step) end
  return (system.clock() - started) / count
end

print "batch  labels  one pass  operators  ratio"
for _, size in ipairs { { 128, 10, 500 }, { 128, 100, 100 }, { 128, 1000, 20 }, { 64, 20000, 2, compressed = true } } do
  local batch, m, count = unpack(size)
  local z = torch.randn(batch, 2 * m):requires_grad_()
  local e = (size.compressed and torch.rand(batch, m) or torch.eye(m)):requires_grad_() -- compressed: a row a sample
  local y = torch.randint(0, m, { batch })
  local row, loss = size.compressed and torch.arange(batch) or y, host.embedding_loss { tau = 2 }
  local best = { math.huge, math.huge }
  local steps = {
    function() loss:terms(z, e, row, y):sum():backward() end,
    function() operators(z, e, row, y, m):backward() end,
  }
  for round = 0, 7 do
    for way, step in ipairs(steps) do
      z.grad, e.grad = nil, nil
      local took = seconds(step, count)
      if round > 0 then best[way] = math.min(best[way], took) end
    end
  end
  print(("%5d %7d %9.0f %10.0f %6.2f"):format(batch, m, best[1] * 1e6, best[2] * 1e6, best[1] / best[2]))
end
