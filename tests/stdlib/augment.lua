local t = require "test"
local data = require "host.data"
local dataset = require "dataset"
local mixing = require "mixing"
local schema = require "schema"

local function step(name, options) return schema.build(schema.find("augment." .. name)(options)) end

-- Twelve pictures of three classes, as a dataset that is built.
local function pictures(augment, classes)
  classes = classes or 3
  torch.manual_seed(3)
  local names = {}
  for i = 1, classes do names[i] = "c" .. i end
  local pixels = torch.randint(0, 256, { 12, 3, 16, 20 }):to "uint8"
  local set = data.from_tensors(pixels, torch.arange(12):remainder(classes), { name = "tiny", class_names = names })
  return { { set, augment = dataset.steps(augment) } }, { batch = 5, classes = classes }
end

local function batches(augment, options, split)
  local sources, owner = pictures(augment)
  local list = {}
  for batch in dataset.loader(sources, split or "train", owner, options):each(0) do list[#list + 1] = batch end
  return list
end

local function constructors(script)
  local made = {}
  for name, options in pairs(script) do made[#made + 1] = schema.find("augment." .. name)(options) end
  return made
end

t.test("every step runs in a loader, and gives the same for any number of workers", function()
  local script = { pad = { { 2, 1 }, mode = "reflect" }, grey = { 0.5 },
                   jitter = { brightness = 0.4, contrast = { 0.5, 1.5 }, saturation = 0.4, hue = 0.1 },
                   affine = { 15, translate = { 0.1, 0.2 }, scale = { 0.8, 1.2 }, shear = { -5, 5, -5, 5 } },
                   randaug = { n = 2, m = 9 }, mixup = { 0.4 }, cutmix = {} }
  for name, options in pairs(script) do
    local one = batches(constructors { [name] = options }, { seed = 1 })
    local workers = name ~= "mixup" and name ~= "cutmix" and 3 or nil -- mixing alone needs none
    local same = batches(constructors { [name] = options }, { seed = 1, workers = workers })
    local other = batches(constructors { [name] = options }, { seed = 2, shuffle = false })
    local plain = batches(nil, { seed = 2, shuffle = false })
    t.eq(#one, 3, name)
    for i, batch in ipairs(one) do
      t.ok(batch.x:equal(same[i].x), name .. " depends on the workers")
      t.eq(batch.x:size(), name == "pad" and { #batch.y, 3, 18, 24 } or { #batch.y, 3, 16, 20 })
    end
    t.ok(name == "pad" or not other[1].x:equal(plain[1].x), name .. " changes nothing")
    t.ok(batches(constructors { [name] = options }, {}, "test")[1].x:equal(batches(nil, {}, "test")[1].x),
      name .. " changes test pictures")
  end
end)

t.test("mixup tells who was mixed with whom, by how much", function()
  local plain = batches(nil, { seed = 4 })
  for i, batch in ipairs(batches(constructors { mixup = { alpha = 0.4 } }, { seed = 4 })) do
    local order, lambda = batch.mix.permutation, batch.mix.lambda
    t.ok(batch.y:equal(plain[i].y))
    local mixed = plain[i].x * lambda + plain[i].x:index_select(0, order) * (1 - lambda)
    t.near((batch.x - mixed):abs():max():item(), 0, 1e-6)
    local hot = torch.zeros(#batch.y, 3):scatter_(1, batch.y:unsqueeze(1), 1)
    t.near((batch.t - hot * lambda - hot:index_select(0, order) * (1 - lambda)):abs():max():item(), 0, 1e-6)
    t.eq(batch.mix.mask, nil)
  end
end)

t.test("cutmix tells where a picture shows its partner", function()
  local plain = batches(nil, { seed = 4 })
  for i, batch in ipairs(batches(constructors { cutmix = {} }, { seed = 4 })) do
    local mask = batch.mix.mask
    t.eq(mask:size(), { 16, 20 })
    t.near(batch.mix.lambda, 1 - mask:float():mean():item(), 1e-6)
    t.ok(batch.x:equal(torch.where(mask, plain[i].x:index_select(0, batch.mix.permutation), plain[i].x)))
  end
end)

t.test("of mixup and cutmix each batch takes one; with p = 0 none, and t says the labels", function()
  local both = constructors { mixup = {}, cutmix = {} }
  local cut = 0
  for seed = 1, 20 do
    for _, batch in ipairs(batches(both, { seed = seed })) do cut = cut + (batch.mix.mask and 1 or 0) end
  end
  t.ok(cut > 10 and cut < 50, cut .. " of 60")
  for _, batch in ipairs(batches(constructors { mixup = { p = 0 } }, {})) do
    t.eq(batch.mix, nil)
    t.ok(batch.t:argmax(1):equal(batch.y))
  end
end)

t.test("cross entropy of a mixed batch is the mixed cross entropy of the pair", function()
  local ce = schema.build(schema.find "loss.ce" {})
  local batch = batches(constructors { mixup = { 1 } }, { seed = 6 })[1]
  local logits, lambda = torch.randn(5, 3), batch.mix.lambda
  local partner = batch.y:index_select(0, batch.mix.permutation)
  local own, other = ce(logits, { y = batch.y }):item(), ce(logits, { y = partner }):item()
  t.near(ce(logits, batch):item(), lambda * own + (1 - lambda) * other, 1e-5)
end)

t.test("datasets of a join must agree on mixing", function()
  t.eq(mixing.of { { augment = { step "flip" } }, {} }, nil)
  local mixup = step("mixup", { 0.2 })
  t.eq(mixing.of { { augment = { step "flip", mixup } }, { augment = { step("mixup", { 0.2 }) } } }, { mixup })
  t.raises(function() mixing.of { { augment = { mixup } }, { augment = {} } } end, "must be the same for each of them")
  local other = { augment = { step("mixup", { 0.3 }) } }
  t.raises(function() mixing.of { { augment = { mixup } }, other } end, "must be the same")
end)

t.test("a model that needs hard labels is refused", function()
  local own = { augment = { step "mixup" } }
  t.raises(function() mixing.check(own, {}) end,
    "mixup gives every sample the labels of two: a path_decoder learns from one")
  local hard = { heads = { { head = {}, name = "main" } } }
  t.raises(function() mixing.check(own, hard) end, "head 'main' learns from one")
  mixing.check(own, { heads = { { head = { soft_targets = true } } } })
  mixing.check({ augment = { step "flip" } }, { heads = { { head = {} } } })
  local head = schema.find "head.softmax"
  t.ok(schema.build(head {}, { features = 4, classes = 3 }).soft_targets)
end)

-- An experiment on pictures in a folder: light ones and dark ones.
local function experiment(folder, augment, model)
  local image, system = require "host.image", require "host.system"
  for _, class in ipairs { { "dark", 40 }, { "light", 200 } } do
    system.mkdir(folder .. "/" .. class[1])
    for i = 1, 10 do
      local pixels = torch.full({ 8, 8, 3 }, class[2] + i, { dtype = torch.uint8 })
      system.write_atomic(("%s/%s/%d.png"):format(folder, class[1], i), image.encode(pixels, ".png"))
    end
  end
  return schema.find "experiment" "tiny" {
    data = schema.find "data.images" { name = "tiny", root = folder, side = 8, batch = 10, augment = augment,
                                       split = { train = 0.8, test = 0.2 } },
    model = model, optim = schema.find "optim.adamw" { lr = 2e-2 }, train = { epochs = 40 } }
end

t.test("an experiment learns from mixed batches; one whose model cannot is refused", function()
  local system = require "host.system"
  local folder = system.temporary_folder "moonlab-mixing"
  local augment = constructors { randaug = { n = 1, m = 3 }, mixup = { 0.3 }, cutmix = {} }
  local function trunk(head) return schema.find "trunk" { schema.find "vision.mlp" { widths = { 8 } }, head = head } end
  local mixed = 0
  local node = experiment(folder, augment, trunk(schema.find "head.softmax" {}))
  local made = schema.build(node, { seed = 1, device = "cpu" })
  for batch in made.loaders.train:each(0) do mixed = mixed + (batch.mix and 1 or 0) end
  t.eq(mixed, 2)
  for batch in made.loaders.test:each(0) do t.eq(batch.t, nil) end
  t.eq(require "trial".run(made, {}).final[1], { "test.top1", 1 })
  local hard = experiment(folder, augment, trunk(schema.find "head.lwr" {}))
  t.raises(function() schema.build(hard, { seed = 1, device = "cpu" }) end,
    "the head learns from one; soft labels fit head.softmax {}")
  system.remove(folder)
end)

t.test("wrong options are told where they are written", function()
  local function raises(name, options, text)
    t.raises(function() schema.find("augment." .. name)(options) end, text)
  end
  raises("pad", { { 1, 2, 3 } }, "{ left, top, right, bottom }")
  raises("pad", {}, "padding")
  raises("pad", { 1, mode = "reflct" }, "reflect")
  raises("jitter", { hue = 0.7 }, "hue")
  raises("jitter", { contrast = { 2, 1 } }, "contrast takes a number or { low, high }")
  raises("affine", { 10, translate = { 0.1 } }, "translate takes 2 numbers")
  raises("affine", { shear = { 1, 2, 3 } }, "shear takes 2 or 4 numbers")
  raises("randaug", { m = 31 }, "magnitudes are 0 to 30, got m = 31")
  raises("mixup", { alpha = 0 }, "alpha")
  raises("cutmix", { p = 2 }, "p")
end)
