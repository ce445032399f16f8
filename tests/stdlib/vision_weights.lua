-- Image networks with weights of files: names of other libraries, what does not fit, frozen ones with cached features.
local t = require "test"
local system = require "host.system"
require "nn"

local folder = t.folder and t.folder() or os.tmpname() .. ".d"
local old_home = os.getenv "MOONLAB_HOME"
system.mkdir(folder)

local function small(constructor, options, side) return constructor(options or {}):build { image = { 3, side or 32, side or 32 } } end

-- A file with the names that `family` gives ours where the mark is there.
local function file_as(module, family, mark, prefix)
  local naming = require("weight_names." .. family).of(module:state_dict_names(), function(name) return name == mark end)
  t.ok(naming, mark)
  local state = {}
  for name, value in module:state_dict() do
    local theirs = naming(name)
    if type(theirs) == "table" then
      for i, each in ipairs(theirs) do state[prefix .. each] = value:chunk(3)[i]:contiguous() end
    else
      state[prefix .. theirs] = value
    end
  end
  return state
end

local families = {
  { "efficientnet", "_conv_stem.weight", vision.efficientnet_lite0, "_blocks.15._depthwise_conv.weight" },
  { "efficientnet", "conv_stem.weight", vision.efficientnet_b0, "blocks.0.0.se.conv_reduce.bias" },
  { "efficientnet", "embeddings.convolution.weight", vision.efficientnet_b0, "encoder.blocks.15.projection.project_bn.running_var" },
  { "densenet", "features.denseblock1.denselayer1.norm.1.weight", vision.densenet121, "features.denseblock4.denselayer16.conv.2.weight" },
  { "resnet", "embedder.embedder.convolution.weight", vision.resnet50, "encoder.stages.3.layers.2.layer.2.convolution.weight" },
  { "resnet", "embedder.embedder.convolution.weight", vision.resnet18, "encoder.stages.1.layers.0.shortcut.normalization.bias" },
  { "vit", "patch_embed.proj.weight", vision.vit, "blocks.5.attn.qkv.bias" },
  { "vit", "embeddings.cls_token", vision.vit, "encoder.layer.0.attention.attention.value.weight" },
  { "vit", "encoder.layers.encoder_layer_0.mlp.linear_1.weight", vision.vit, "encoder.layers.encoder_layer_5.mlp.linear_2.bias" },
}

t.test("names of other libraries are recognised, with a prefix and inside a checkpoint", function()
  for i, case in ipairs(families) do
    local family, mark, constructor, one = unpack(case)
    torch.manual_seed(i)
    local first = small(constructor)
    local prefix = i % 2 == 0 and "module." or ""
    local state = file_as(first, family, mark, prefix)
    t.ok(state[prefix .. one], one)
    state[prefix .. "classifier.weight"] = torch.zeros(2, 2) -- what a trunk leaves out
    local file = folder .. "/weights.pth"
    torch.save(i % 2 == 0 and { state_dict = state, epoch = 3 } or state, file)
    local second = small(constructor, { weights = file })
    local of_second = second:state_dict()
    for name, value in first:state_dict() do t.ok(of_second[name]:equal(value), name) end
  end
end)

t.test("the network that weights are of is told from their names, those of other libraries too", function()
  local recognised = require "recognised_weights"
  local function state_of(module)
    local state = {}
    for name, value in module:state_dict() do state[name] = value end
    return state
  end
  for _, case in ipairs {
    { vision.resnet8 { width = 4 }, "vision.resnet8 { width = 4 }" }, { vision.resnet18 {}, "vision.resnet18" },
    { vision.resnet34 { width = 8 }, "vision.resnet34 { width = 8 }" }, { vision.resnet50 {}, "vision.resnet50" },
    { vision.densenet121 {}, "vision.densenet121" }, { vision.densenet169 {}, "vision.densenet169" },
    { vision.efficientnet_b1 {}, "vision.efficientnet_b1" }, { vision.efficientnet_b2 {}, "vision.efficientnet_b2" },
    { vision.efficientnet_lite1 {}, "vision.efficientnet_lite1" }, { vision.efficientnet_lite2 {}, "vision.efficientnet_lite2" },
    { vision.vit { layers = 2, width = 6, heads = 1 }, "vision.vit { layers = 2, width = 6 }" } } do
    t.eq(recognised(state_of(case[1]:build { image = { 3, 32, 32 } })), case[2])
  end
  for _, case in ipairs(families) do
    local family, mark, constructor = unpack(case)
    local known = recognised(file_as(small(constructor), family, mark, "module."))
    t.ok(known:find("^vision%." .. family), known)
  end
  t.eq(recognised { weight = torch.zeros(2) }, nil)
end)

t.test("half a file, a text, a file of nothing and another number of classes", function()
  local net = small(vision.resnet8, { width = 4, stem = "cifar" })
  local state = {}
  for name, value in net:state_dict() do state[name] = value end
  state["fc.weight"], state["fc.bias"] = torch.zeros(17, 16), torch.zeros(17) -- of other classes: left out
  for _, ending in ipairs { "pth", "safetensors" } do
    local file = folder .. "/whole." .. ending
    if ending == "pth" then torch.save(state, file) else require "safetensors".save_file(state, file) end
    local loaded = small(vision.resnet8, { width = 4, stem = "cifar", weights = file }):state_dict()
    t.ok(loaded["layer3.0.conv1.weight"]:equal(state["layer3.0.conv1.weight"]))
    local handle = assert(io.open(file, "rb"))
    local bytes = handle:read "*a"
    handle:close()
    for i, damaged in ipairs { bytes:sub(1, #bytes / 2), bytes:sub(1, 100), "", "<html>not found</html>" } do
      local broken = folder .. "/broken." .. ending
      t.ok(system.write_atomic(broken, damaged))
      t.raises(function() small(vision.resnet8, { width = 4, stem = "cifar", weights = broken }) end, "broken." .. ending)
    end
  end
  local odd = folder .. "/odd.safetensors"
  state["layer1.0.conv1.weight"] = torch.zeros(4, 4, 5, 5)
  require "safetensors".save_file(state, odd)
  t.raises(function() small(vision.resnet8, { width = 4, stem = "cifar", weights = odd }) end, "layer1.0.conv1.weight")
  t.raises(function() small(vision.resnet8, { width = 4, stem = "cifar", weights = odd }) end, "odd.safetensors: does not fit vision.resnet8")
  t.raises(function() small(vision.resnet8, { width = 4, stem = "cifar", weights = folder }) end, folder)
  torch.save({ 1, 2 }, odd)
  t.raises(function() small(vision.resnet8, { width = 4, stem = "cifar", weights = odd }) end, "odd.safetensors")
end)

t.test("weights that do not fit are refused by name", function()
  local file = folder .. "/b0.safetensors"
  local state = {}
  for name, value in small(vision.efficientnet_b0):state_dict() do state[name] = value end
  require "safetensors".save_file(state, file)
  t.raises(function() small(vision.efficientnet_b1, { weights = file }) end, "lacks features.1.1.block.0.0.weight, ")
  t.raises(function() small(vision.efficientnet_b1, { weights = file }) end, "of vision.efficientnet_b1 (these are weights of vision.efficientnet_b0)")
  t.raises(function() small(vision.densenet121, { weights = file }) end, "none of its tensors belongs to vision.densenet121")
  state["features.9.0.weight"] = torch.zeros(1)
  require "safetensors".save_file(state, file)
  t.raises(function() small(vision.efficientnet_b0, { weights = file }) end, "has features.9.0.weight, for which vision.efficientnet_b0 has no place")
  t.raises(function() small(vision.efficientnet_b0, { weights = folder .. "/absent.pth" }) end, "absent.pth")
  t.raises(function() small(vision.efficientnet_b0, { weights = "imagenet" }) end, "vision.efficientnet_lite0 alone; for this one give the path")
  t.raises(function() small(vision.resnet18, { freeze = true }) end, "would keep random ones")
  t.raises(function() small(vision.resnet18, { freeze = 9 }) end, "stages up to 5")
end)

t.test("a frozen network's features are computed once, and augmented pictures anew", function()
  system.set_environment("MOONLAB_HOME", folder .. "/home")
  local file = folder .. "/resnet8.pth"
  torch.manual_seed(1)
  torch.save(small(vision.resnet8, { width = 4, stem = "cifar" }):state_dict(), file)
  local encoder, data = require "encoder", require "host.data"
  local module = small(vision.resnet8, { width = 4, stem = "cifar", weights = file, freeze = true })
  module:eval()
  local set = data.from_tensors((torch.arange(6 * 3 * 32 * 32) % 251):to("uint8"):view(6, 3, 32, 32), torch.arange(6) % 2,
    { name = "toy", class_names = { "a", "b" }, mean = { 0.5, 0.5, 0.5 }, deviation = { 0.2, 0.2, 0.2 } })
  local features = encoder.loading(module, {}).features(set, true)
  t.eq(features.shape, { 6, module.features })
  for batch in data.loader({ { set, nil, true } }, { batch = 6, shuffle = false }):each(0) do
    torch.no_grad(function() t.near(features, module(batch.x), 1e-5) end)
    t.near(encoder.features(module, { x = features }), features, 0)
  end
  local plain = encoder.loading(module, {}).features(set, false)
  t.ok(not plain:equal(features), "without normalisation they are others")
  system.set_environment("MOONLAB_HOME", old_home)
end)

t.test("EfficientNet-Lite0 with its ImageNet weights computes the reference's logits", function()
  local catalogue = require "catalogue"
  local found = catalogue.find "efficientnet_lite0"
  if not found then t.skip "the weights are not here: moonlab data get efficientnet_lite0" end
  local module = small(vision.efficientnet_lite0, { weights = "imagenet" }, 224)
  module:eval()
  local head = torch.load(catalogue.file(found, catalogue.sets.efficientnet_lite0.files[1][1]))
  local x = (torch.arange(2 * 3 * 224 * 224, { dtype = "float32" }) * 0.11):sin():reshape(2, 3, 224, 224)
  torch.no_grad(function()
    local logits = torch.linear(module(x), head["_fc.weight"], head["_fc.bias"])
    t.near(logits["0:2,0:6"], torch.tensor { { -0.2338, 1.3600, 1.0785, -0.8369, 0.0333, 0.4789 },
                                             { -0.2050, 1.3229, 1.0564, -0.8208, 0.0781, 0.5361 } }, 1e-4)
    t.eq(logits:argmax(1), torch.tensor { 905, 905 })
  end)
end)

system.remove(folder)
