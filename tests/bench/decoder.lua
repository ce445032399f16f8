-- The path decoder against the same decoder in Python's torch: training steps and decoded samples a second.
--
--     moonlab tests/bench/decoder.lua [/path/to/python]
--
-- A graph of 200 nodes in 20 blocks, batch 64, hidden 512, feature 1280, two threads: both losses and an Adam step;
-- greedy decoding. Python's program comes in two versions, one that gives every path a row and one that shares prefixes.

local graph = require "host.graph"
local label = require "host.label"
local system = require "host.system"

local kBatch, kFeature, kHidden, kEmbed, kThreads = 64, 1280, 512, 256, 2

-- Two kingdoms, five families, three blocks of attributes in a family, 118 labels below one or three nodes of each.
local function description()
  local d = { root = "root", nodes = {}, edges = {}, blocks = {}, labels = {} }
  local function node(name, block, parent)
    table.insert(d.nodes, name)
    d.blocks[name] = block
    if parent then table.insert(d.edges, { parent, name }) end
  end
  for k = 1, 2 do node("kingdom" .. k, "kingdom", "root") end
  for f = 1, 5 do
    node("family" .. f, "family" .. f % 2, "kingdom" .. f % 2 + 1)
    for a = 1, 3 do
      for i = 1, 5 do node(("attribute%d.%d.%d"):format(f, a, i), ("attribute%d.%d"):format(f, a), "family" .. f) end
    end
  end
  for l = 0, 117 do
    local f, name = l % 5 + 1, "label" .. l
    node(name, "label" .. l % 2)
    table.insert(d.labels, name)
    for a = 1, 3 do
      for i = 1, (a == 3 and l % 2 == 0) and 3 or 1 do
        table.insert(d.edges, { ("attribute%d.%d.%d"):format(f, a, (l + i * a) % 5 + 1), name })
      end
    end
  end
  return d
end

-- What decoder.py reads: JSON of numbers, lists and tables with names.
local function json(value)
  if type(value) ~= "table" then return tostring(value) end
  if value[1] ~= nil or next(value) == nil then
    local items = {}
    for i, item in ipairs(value) do items[i] = json(item) end
    return "[" .. table.concat(items, ",") .. "]"
  end
  local items = {}
  for key, item in pairs(value) do items[#items + 1] = ("%q:%s"):format(key, json(item)) end
  return "{" .. table.concat(items, ",") .. "}"
end

local function exported(g, labels)
  local out = { nodes = g:size(), start = g:size() + 1, depth = g:depth(), children = {}, block = { 0 }, labels = {} }
  local numbers, count, used = {}, 0, {}
  for token = 1, g:size() do
    local block = g:block(token) or ("alone " .. token)
    if not numbers[block] then count = count + 1; numbers[block] = count end
    out.block[token + 1] = numbers[block]
  end
  for _, name in ipairs { g:root(), unpack(g:names()) } do
    local tokens = {}
    for i, child in ipairs(g:children(name)) do tokens[i] = g:token(child) end
    if #tokens > 0 then out.children[tostring(name == g:root() and g:size() + 1 or g:token(name))] = tokens end
  end
  for i, name in ipairs(labels) do
    local entry = { token = g:token(name), det = {}, nondet = false, set = { g:token(name) } }
    for _, path in ipairs(g:paths(name)) do
      local tokens = {}
      for k, node in ipairs(path.path) do tokens[k] = g:token(node) end
      if path.kind == "det" then table.insert(entry.det, tokens) else entry.nondet = true end
    end
    out.labels[i] = entry
  end
  return out
end

torch.set_num_threads(kThreads)
torch.manual_seed(0)
local d = description()
local g = graph.build(d)
local data = exported(g, d.labels)
local features = torch.randn(kBatch, kFeature)
local decoder = label.path_decoder(g, { features = kFeature, hidden = kHidden, embed = kEmbed })
local optimizer = torch.optim.Adam(decoder:parameters(), { lr = 1e-3 })
local batches = {}
for k = 0, 11 do
  local tokens = {}
  for i = 0, kBatch - 1 do tokens[i + 1] = data.labels[(i * 7 + k * 13) % #data.labels + 1].token end
  batches[k] = torch.tensor(tokens, { dtype = "int64" })
end

local function train(k)
  scope(function()
    optimizer:zero_grad()
    local y = batches[k % 12]
    local nll, reinforce = decoder:losses(features, y)
    local loss = nll + reinforce
    loss:backward()
    optimizer:step()
  end)
end

local function decode() scope(function() decoder:greedy(features) end) end

-- Runs a second: the best of three rounds.
local function rate(step)
  for _ = 1, 3 do step(0) end
  local best = 0
  for _ = 1, 3 do
    local start, n = system.clock(), 0
    while system.clock() - start < 0.67 or n < 3 do
      step(n)
      n = n + 1
    end
    best = math.max(best, n / (system.clock() - start))
  end
  return best
end

local ours = { train = rate(train), decode = rate(decode) * kBatch }
local python, peer = arg and arg[1], nil
if python then
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(json(data))
  file:close()
  local child = system.spawn { python, MOONLAB_ROOT .. "/tests/bench/peers/decoder.py", path, tostring(kThreads) }
  local code = child:wait(600)
  local output = child:read()
  os.remove(path)
  if code ~= 0 then
    io.stderr:write("decoder.py failed:\n", child:read_errors(), "\n")
    os.exit(1)
  end
  peer = {}
  for name, train_rate, decode_rate in output:gmatch '"(%a+)": {"train": ([%d.]+), "decode": ([%d.]+)}' do
    peer[name] = { train = tonumber(train_rate), decode = tonumber(decode_rate) }
  end
  -- once more after the peer: the machine may have become slower or faster meanwhile
  ours.train, ours.decode = math.max(ours.train, rate(train)), math.max(ours.decode, rate(decode) * kBatch)
end

print(("%-28s %12s %16s"):format("", "steps/s", "decoded/s"))
local function row(name, r)
  print(("%-28s %7.1f %4s %11.0f %4s"):format(name, r.train, r ~= ours and ("%.2f"):format(ours.train / r.train) or "",
    r.decode, r ~= ours and ("%.2f"):format(ours.decode / r.decode) or ""))
end
row("moonlab", ours)
if peer then
  row("Python, a row a path", peer.natural)
  row("Python, prefixes shared", peer.shared)
  print "second figures: moonlab's rate divided by this one's"
end
