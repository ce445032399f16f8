-- The losses of the path decoder, alone and through a tiny join.
local t = require "test"
local catalogue = require "catalogue"
local host = require "host.label"
local host_graph = require "host.graph"
local rng = require "host.rng"
local schema = require "schema"
local system = require "host.system"

local nll, reinforce = schema.find "path.nll", schema.find "path.reinforce"

local function cats()
  return host_graph.build {
    root = "animal",
    edges = { { "animal", "cat" }, { "animal", "dog" }, { "cat", "short" }, { "cat", "solid" }, { "cat", "tabby" },
              { "short", "british" }, { "solid", "british" }, { "tabby", "british" }, { "short", "mau" }, { "tabby", "mau" } },
    blocks = { cat = "species", dog = "species", solid = "colour", tabby = "colour", british = "breed", mau = "breed" },
    labels = { "cat", "dog", "british", "mau" },
  }
end

local function decoder(options)
  torch.manual_seed(1)
  local graph = cats()
  options = options or {}
  options.features, options.hidden, options.embed = 4, 6, 3
  return host.path_decoder(graph, options), graph
end

local function labels(graph, names)
  local tokens = {}
  for i, name in ipairs(names) do tokens[i] = graph:token(name) end
  return torch.tensor(tokens, { dtype = "int64" })
end

t.test("path.nll is minus the log probability of the label's paths", function()
  local d, graph = decoder()
  local x = torch.randn(2, 4)
  local loss = nll { teacher_forcing = 1 }:build()
  local first = x[{ { 0, 1 } }]
  local by_path = d:log_prob(first:expand(2, 4), { { "cat", "short", "mau" }, { "cat", "tabby", "mau" } })
  t.near(loss(d, first, labels(graph, { "mau" })):item(), -by_path:mean():item(), 1e-5)
  t.near(nll { teacher_forcing = 1, pool = "sum" }:build()(d, first, labels(graph, { "mau" })):item(), -by_path:sum():item(), 1e-5)
  local one = d:log_prob(x, { { "dog" }, { "cat", "short", "british" } })
  t.near(loss(d, x, labels(graph, { "dog", "british" })):item(), -one:mean():item(), 1e-5)
  -- alpha only where some label has a nondeterministic path
  local half = nll { teacher_forcing = 1, alpha = 0.5 }:build()
  t.near(half(d, x, labels(graph, { "dog", "british" })):item(), -one:mean():item() / 2, 1e-5)
  t.near(half(d, first, labels(graph, { "mau" })):item(), -by_path:mean():item(), 1e-5)
end)

t.test("path.reinforce learns from labels with nondeterministic paths and keeps its baseline", function()
  local d, graph = decoder()
  local x, generator = torch.randn(3, 4), rng.stream(1, "decode")
  local loss = reinforce {}:build()
  t.eq(loss(d, x, labels(graph, { "dog", "mau", "cat" }), generator):item(), 0)
  t.eq(d:state_dict()["baseline"][1]:item(), 0)
  local value = loss(d, x, labels(graph, { "british", "mau", "british" }), generator)
  t.eq(d:state_dict()["baseline"][1]:item(), 2)
  value:backward()
  local again, same = decoder(), rng.stream(1, "decode")
  t.near(loss(again, x, labels(graph, { "british", "mau", "british" }), same):item(), value:item(), 1e-6)
  t.raises(function() reinforce { samples = 0 } end, "option 'samples'")
end)

t.test("decoding gives paths with kinds, and classes", function()
  local d = decoder()
  local tokens, log_p = d:greedy(torch.randn(5, 4))
  t.eq(tokens.shape, { 5, 3 })
  t.eq(log_p.shape, { 5 })
  local known = { ["cat short british"] = "det", ["cat solid british"] = "nondet", ["cat tabby british"] = "nondet",
                  ["cat short mau"] = "det", ["cat tabby mau"] = "det", dog = "det" }
  local class = d:classes(tokens, { "mau", "dog" }):totable()
  for i, path in ipairs(d:paths(tokens)) do
    t.eq(path.kind, known[table.concat(path.path, " ")])
    local last = path.path[#path.path]
    t.eq(class[i], last == "mau" and 0 or last == "dog" and 1 or -1)
  end
end)

t.test("a beam of one is greedy, a wider one finds no worse path", function()
  local d = decoder()
  local x = torch.randn(8, 4)
  local greedy, log_p = d:greedy(x)
  t.eq(d:beam(x, 1), greedy)
  local _, wide = d:beam(x, 9)
  for i, value in ipairs(wide:totable()) do t.ok(value >= log_p:totable()[i] - 1e-6) end
  t.raises(function() d:beam(x, 0) end, "a beam needs a width of at least 1, got 0")
end)

t.test("options that are none are named", function()
  t.raises(function() decoder { normaliser = "group" } end, "path_decoder: unknown option 'normaliser'; did you mean 'normalizer'?")
  t.raises(function() decoder { normalizer = "groop" } end, "unknown normalizer 'groop'; did you mean 'group'? (group, children)")
  local d, graph = decoder()
  t.raises(function() d:nll(torch.randn(1, 4), labels(graph, { "tabby" })) end, "node 'tabby' was no label of the graph when the decoder was made")
  t.raises(function() d:log_prob(torch.randn(1, 4), { { "cat", "mau" } }) end, "no edge leads from 'cat' to 'mau'")
end)

t.test("a tiny join trains, evaluates and loads", function()
  local found, looked = catalogue.find "mnist5k"
  if not found then t.skip(looked) end
  local folder = system.temporary_folder "moonlab-path"
  local text = [[
params { trim = 0.0 }
return experiment "tiny" {
  data  = join { graph = graph.load "digits":trim(%s), batch = 64,
                 mnist5k { name = "digits", per_class = 20 },
                 mnist5k { name = "strokes", skip = 20, per_class = 40, test = 0,
                          labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } } },
  model = path_decoder { vision.mlp {}, hidden = 32, embed = 8 },
  loss  = 1.0 * path.nll { teacher_forcing = 0.9 } + 0.1 * path.reinforce {},
  optim = adamw { lr = 5e-3 },
  train = { steps = 60 },
  eval  = { metrics = { "top1" } },
}]]
  for share, nodes in pairs { ["0"] = 16, ["1"] = 13 } do -- the loops are augmented, strokes and digits are labels
    local script = folder .. "/tiny.lua"
    assert(system.write_atomic(script, text:format(share)))
    local process = system.spawn { system.executable(), "run", script, environment = { MOONLAB_STORE = folder .. "/runs" .. share, OMP_NUM_THREADS = "1" } }
    local code = process:wait(120)
    local out, err = process:read(), process:read_errors()
    t.eq(code, 0, err)
    local accuracy = tonumber(out:match "test%.top1 ([%d.]+)")
    t.ok(accuracy and accuracy > 0.35, out)
    local run = load_run("last", { store = folder .. "/runs" .. share })
    t.eq(run.data.graph:size(), nodes)
  end
  system.remove(folder)
end)

t.test("running_mean() in a script is the baseline of all earlier rewards", function()
  local result = assert(require "language".evaluate { name = "x.lua", text = [[
    return experiment "x" { data = join { graph = graph.load "digits", mnist {} },
                            model = path_decoder { vision.mlp {} },
                            loss = 1 * path.reinforce { baseline = running_mean() } }]] })
  t.eq(result.node.args.loss.args.terms[1].term.args.baseline, "mean")
end)
