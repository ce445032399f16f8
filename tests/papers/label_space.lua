-- What the label-space paper says of its parts, on constructed tasks with a known answer.
local t = require "test"
local host_graph = require "host.graph"
local host_label = require "host.label"
local optimizer = require "schema".find "optim.adamw"
local rng = require "host.rng"
local schema = require "schema"

-- Two coarse nodes with two fine labels each. Coarse labels are labels too: another dataset has them.
local function tree()
  return host_graph.build {
    root = "r", nodes = { "A", "B", "a1", "a2", "b1", "b2" },
    edges = { { "r", "A" }, { "r", "B" }, { "A", "a1" }, { "A", "a2" }, { "B", "b1" }, { "B", "b2" } },
    blocks = { A = "coarse", B = "coarse", a1 = "fine", a2 = "fine", b1 = "fine", b2 = "fine" },
    labels = { "A", "B", "a1", "a2", "b1", "b2" },
  }
end

local fine = { "a1", "a2", "b1", "b2" }

local function train(decoder, x, tokens, steps, seed)
  local optim = schema.build(optimizer { lr = 2e-2 }, { parameters = decoder:parameters() })
  local stream = rng.stream(seed, "decode")
  for _ = 1, steps do
    scope(function()
      optim:zero_grad()
      decoder:nll(x, tokens, { teacher_forcing = 1, generator = stream }):backward()
      optim:step()
    end)
  end
end

t.test("coarse labels of other samples raise the accuracy on fine ones", function()
  -- Feature 0 tells A from B but is noisy; feature 1 tells the fine label within its parent and is clean. Eight fine
  -- samples say little about the coarse direction among 20 dims of noise, 400 coarse ones say it well.
  local function samples(n, seed)
    torch.manual_seed(seed)
    local y = torch.arange(n):remainder(4)
    local x = torch.randn(n, 22)
    x["..., 0"] = x["..., 0"] * 0.7 + y:ge(2):float() * 3 - 1.5
    x["..., 1"] = x["..., 1"] * 0.2 + y:remainder(2):float() * 4 - 2
    return x, y
  end
  local function accuracy(fused, seed)
    local graph = tree()
    local x, y = samples(8, 100 + seed)
    local tokens = y + 3 -- A, B are 1 and 2; the fine labels follow
    if fused then
      local coarse_x, coarse_y = samples(400, 200 + seed)
      x, tokens = torch.cat { x, coarse_x }, torch.cat { tokens, coarse_y:ge(2):long() + 1 }
    end
    torch.manual_seed(seed)
    local decoder = host_label.path_decoder(graph, { features = 22, hidden = 16, embed = 8 })
    train(decoder, x, tokens, 120, seed)
    local test_x, test_y = samples(400, 300 + seed)
    return torch.no_grad(function()
      return decoder:classes((decoder:greedy(test_x)), fine):eq(test_y):float():mean():item()
    end)
  end
  local alone, joined = 0, 0
  for seed = 1, 3 do alone, joined = alone + accuracy(false, seed) / 3, joined + accuracy(true, seed) / 3 end
  t.ok(joined > alone + 0.03, ("fine alone %.3f, with coarse ones %.3f"):format(alone, joined))
end)

t.test("REINFORCE alone learns to reach the label within 500 updates", function()
  local graph = host_graph.build {
    root = "r", nodes = { "u", "v", "w", "y", "z" },
    edges = { { "r", "u" }, { "r", "v" }, { "r", "w" }, { "u", "y" }, { "v", "y" }, { "v", "z" }, { "w", "z" } },
    blocks = { u = "mid", v = "mid", w = "mid", y = "end", z = "end" }, labels = { "y", "z" },
  }
  torch.manual_seed(4)
  local decoder = host_label.path_decoder(graph, { features = 4, hidden = 16, embed = 8 })
  local x = torch.ones(16, 4)
  local tokens = torch.full({ 16 }, graph:token "y"):long()
  local optim = schema.build(optimizer { lr = 1e-2, weight_decay = 0 }, { parameters = decoder:parameters() })
  local stream = rng.stream(1, "decode")
  local function share()
    return torch.no_grad(function()
      local total = 0
      for _, path in ipairs(graph:paths "y") do
        total = total + decoder:log_prob(x["0:1"], { path.path }):exp():item()
      end
      return total
    end)
  end
  t.ok(share() < 0.9, "not there from the start")
  for _ = 1, 500 do
    scope(function()
      optim:zero_grad()
      decoder:reinforce(x, tokens, { generator = stream }):backward()
      optim:step()
    end)
  end
  t.ok(decoder:classes((decoder:greedy(x)), { "y", "z" }):eq(0):all():item())
  t.ok(share() > 0.9, ("the paths to the label have probability %.3f"):format(share()))
end)
