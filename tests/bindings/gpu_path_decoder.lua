-- Label gpu: the path decoder on a GPU gives what it gives on the CPU, and a training step never waits for the device.
local t = require "test"
if not torch.cuda.is_available() then t.skip "gpu: there is no GPU here that LibTorch can use" end

local host_graph = require "host.graph"
local label = require "host.label"

local graph = host_graph.build {
  root = "animal", nodes = {}, labels = { "cat", "dog", "british", "mau", "mix", "coon" },
  edges = { { "animal", "cat" }, { "animal", "dog" }, { "cat", "short" }, { "cat", "long" }, { "cat", "solid" },
            { "cat", "tabby" }, { "short", "british" }, { "solid", "british" }, { "tabby", "british" },
            { "short", "mau" }, { "tabby", "mau" }, { "solid", "mix" }, { "tabby", "mix" }, { "long", "coon" } },
  blocks = { cat = "species", dog = "species", short = "hair", long = "hair", solid = "colour", tabby = "colour",
             british = "breed", mau = "breed", mix = "breed", coon = "breed" },
}
local names = { "british", "mau", "cat", "mix", "coon", "mau", "dog" }
local labels = {}
for i, name in ipairs(names) do labels[i] = graph:token(name) end
labels = torch.tensor(labels, { dtype = "int64" })

local variants = {}
for _, cell in ipairs { "gru", "lstm" } do
  for _, normalizer in ipairs { "group", "children" } do
    for _, end_rule in ipairs { "leaf", "gate" } do
      variants[#variants + 1] = { features = 4, hidden = 8, embed = 3, cell = cell, normalizer = normalizer,
                                  end_rule = end_rule, feed_feature = cell == "lstm" }
    end
  end
end

-- Both losses, all gradients and what is decoded, on a device, as lists on the CPU.
local function results(options, state, x, device, forcing)
  local decoder = label.path_decoder(graph, options)
  decoder:to("float64")
  decoder:load_state_dict(state)
  decoder:to(device)
  local features = x:to(device):clone():requires_grad_(true)
  local generator = torch.Generator("cpu")
  generator:manual_seed(3)
  local found, losses = {}, {}
  local function step()
    losses[1], losses[2] = decoder:losses(features, labels, { teacher_forcing = forcing, generator = generator }, {});
    (losses[1] + losses[2]):backward()
  end
  if device == "cuda" then
    step() -- what is made once may wait
    features.grad, generator = nil, generator:manual_seed(3)
    for _, p in ipairs(decoder:parameters()) do p.grad = nil end
    decoder:load_state_dict(state)
    torch.cuda.set_sync_debug_mode "error"
    local done, problem = pcall(step)
    torch.cuda.set_sync_debug_mode "default"
    t.ok(done, problem)
  else
    step()
  end
  found[1], found[2], found[3] = losses[1]:item(), losses[2]:item(), features.grad:cpu():totable()
  for _, p in ipairs(decoder:parameters()) do found[#found + 1] = p.grad:cpu():totable() end
  for _, decode in ipairs { "greedy", "beam", "likeliest" } do
    local tokens, log_p = decoder[decode](decoder, features, decode == "beam" and 3 or decode == "likeliest" and names or nil)
    found[#found + 1], found[#found + 2] = tokens:cpu():totable(), log_p:cpu():totable()
  end
  return found
end

for _, options in ipairs(variants) do
  t.test(("%s, %s, %s: the GPU's numbers are the CPU's, without waiting"):format(options.cell, options.normalizer,
    options.end_rule), function()
    torch.manual_seed(5)
    local decoder, state = label.path_decoder(graph, options), {}
    decoder:to "float64"
    for name, p in pairs(decoder:state_dict()) do
      state[name] = name == "baseline" and p:clone() or torch.randn(p.shape, { dtype = "float64" })
    end
    local x = torch.randn(7, 4, { dtype = "float64" })
    for _, forcing in ipairs { 1, 0 } do
      local cpu, gpu = results(options, state, x, "cpu", forcing), results(options, state, x, "cuda", forcing)
      for i, value in ipairs(cpu) do t.near(gpu[i], value, 1e-9) end
    end
  end)
end
