-- Lua transforms of a loader: in states of their own, the same for any number of workers.
local t = require "test"
local data = require "host.data"
local system = require "host.system"

local n = 40
local images = torch.arange(n):view(n, 1, 1, 1):expand(n, 1, 4, 4):to("uint8")
local set = data.from_tensors(images, torch.arange(n):remainder(2), {
  name = "toy", class_names = { "even", "odd" }, mean = { 0.5 }, deviation = { 0.25 } })
local plain = data.from_tensors(images, torch.arange(n):remainder(2), { name = "plain", class_names = { "even", "odd" } })

local function all(options, sets, epoch)
  local sources = {}
  for i, one in ipairs(sets or { plain }) do sources[i] = { one } end
  options.batch = options.batch or 8
  local x, idx = {}, {}
  for batch in data.loader(sources, options):each(epoch or 0) do
    x[#x + 1], idx[#idx + 1] = batch.x, batch.idx
  end
  return torch.cat(x), torch.cat(idx)
end

t.test("a transform that gives the image back changes nothing", function()
  for _, one in ipairs { plain, set } do
    local expected, order = all({ seed = 3 }, { one })
    local got, same = all({ seed = 3, transform = "return (...)", workers = 2 }, { one })
    t.near(got, expected, 1e-6)
    t.eq(same, order)
  end
end)

t.test("it gets the sample and the data, and may change the shape", function()
  local x, idx = all { shuffle = false, with = { plus = 100 }, transform = function(image, sample, with)
    return torch.full({ 1, 2, 3 }, sample.idx + with.plus * sample.y + 1000 * sample.epoch)
  end }
  t.eq(x.shape, { n, 1, 2, 3 })
  t.eq(x[{ ":", 0, 0, 0 }], torch.arange(n):remainder(2) * 100 + torch.arange(n))
  t.eq(all({ shuffle = false, transform = "local _, s = ... return torch.full({1, 1, 1}, s.epoch)" }, nil, 7):max():item(), 7)
end)

local random = "local x = ... return x + torch.rand(1) + math.random() + torch.dropout(torch.ones(1, 1, 1), 0.5, true)"

t.test("random numbers follow the sample, not the worker, the order or the batch", function()
  local expected, order = all { seed = 5, transform = random, workers = 1 }
  for _, workers in ipairs { 0, 2, 3, 7 } do
    local got, same = all { seed = 5, transform = random, workers = workers }
    t.eq(got, expected)
    t.eq(same, order)
  end
  local straight = all { seed = 5, transform = random, shuffle = false, batch = 5 }
  t.eq(straight[order], expected)
  local other = all({ seed = 5, transform = random, shuffle = false }, nil, 1)
  t.ok(not other:equal(straight), "another epoch draws anew")
  torch.manual_seed(1)
  local mine = torch.rand(2)
  torch.manual_seed(1)
  all { transform = random }
  t.eq(torch.rand(2), mine, "nothing is drawn from the script's generator")
end)

t.test("a sample that comes twice in an epoch is drawn twice", function()
  local few = plain:subset { 0, 1 }
  local x, idx = all({ mix = "balanced", seed = 1, transform = "local x, s = ... return x * 0 + torch.rand(1) + 10 * s.domain" }, { plain, few })
  local seen, repeated = {}, 0
  for i = 0, idx:numel() - 1 do
    local value = x[i][0][0][0]:item()
    t.ok(not seen[value], "drawn anew")
    seen[value] = true
    if value >= 10 then repeated = repeated + 1 end
  end
  t.eq(repeated, 21)
end)

t.test("an error names dataset, sample and line, with the lines it was called from", function()
  local function fails(code, expected, options)
    options = options or {}
    options.transform, options.shuffle = code, false
    return t.raises(function() all(options) end, expected)
  end
  local text = fails("local x, s = ...\nlocal function inner() error('broken') end\nif s.idx == 11 then inner() end return x",
    "transform of 'plain', sample 11: worker:2: broken")
  t.ok(text:find("called from\n  worker:2: in inner\n  worker:3", 1, true), text)
  fails("return 5", "sample 0: the function must return the image as a tensor, got 5")
  fails("return torch.ones(2, 2)", "sample 0: gave Float [2, 2]")
  fails("local x, s = ... return torch.zeros(1, 1 + s.idx % 2, 1)", "sample 1: gave [1, 2, 1], and [1, 1, 1] for another sample")
  fails("no.such.module", "module 'no.such.module' not found")
  t.raises(function() all { transform = function() return n end } end, "uses 'n' of its surroundings")
  t.raises(function() all { with = 1 } end, "'with' belongs to 'transform'")
  t.raises(function() all { workers = 2 } end, "'workers' belongs to 'transform'")
  t.raises(function() all { transform = "return (...)", workers = -1 } end, "0 workers or more, got -1")
  t.raises(function() all { transfrom = "return (...)" } end, "did you mean 'transform'?")
end)

t.test("leaving an epoch early, starting another and forgetting the loader are safe", function()
  local slow = "require('host.system').sleep(0.005) return (...)"
  for _ = 1, 5 do
    local loader = data.loader({ { plain } }, { batch = 4, seed = 2, transform = slow, workers = 2 })
    for _ in loader:each(0) do break end
    local count = 0
    for batch in loader:each(1, 7) do count = count + batch.x:size(0) end
    t.eq(count, 12)
    for _ in loader:each(2) do break end
  end
  collectgarbage()
  local started = system.clock()
  collectgarbage()
  t.ok(system.clock() - started < 2)
end)

t.test("functions of a script are transforms, however they are written", function()
  local language = require "language"
  local result = assert(language.evaluate { name = "x.lua", text = [[
    local function half(image) return image * 0.5 end
    function twice(image) return image * 2 end ;
    local same = function(image) return image end
    return experiment "x" { data = images { name = "x", root = "x", augment = { half, twice, same } },
                            model = trunk { vision.mlp {}, head = head.softmax {} } }]] })
  local code = require "dataset.code"
  local texts = {}
  for i, fn in ipairs(result.node.args.data.args.augment) do texts[i] = code(fn):match "%S.*$" end -- behind the lines above it
  t.eq(texts, { "function ( image ) return image * 0.5 end", "function ( image ) return image * 2 end",
                "function ( image ) return image end" })
end)
