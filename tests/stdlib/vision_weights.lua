-- Image networks with weights of files: names of other libraries, what does not fit, frozen ones with cached features.
local t = require "test"
local system = require "host.system"
require "nn"

local folder = t.folder and t.folder() or os.tmpname() .. ".d"
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

t.test("weights that do not fit are refused by name", function()
  local file = folder .. "/b0.safetensors"
  local state = {}
  for name, value in small(vision.efficientnet_b0):state_dict() do state[name] = value end
  require "safetensors".save_file(state, file)
  t.raises(function() small(vision.efficientnet_b1, { weights = file }) end, "lacks features.1.1.block.0.0.weight")
  t.raises(function() small(vision.densenet121, { weights = file }) end, "none of its tensors belongs to vision.densenet121")
  state["features.9.0.weight"] = torch.zeros(1)
  require "safetensors".save_file(state, file)
  t.raises(function() small(vision.efficientnet_b0, { weights = file }) end, "has features.9.0.weight, for which this network has no place")
  t.raises(function() small(vision.efficientnet_b0, { weights = folder .. "/absent.pth" }) end, "absent.pth")
  t.raises(function() small(vision.efficientnet_b0, { weights = "imagenet" }) end, "vision.efficientnet_lite0 alone")
  t.raises(function() small(vision.resnet18, { freeze = true }) end, "would keep random ones")
  t.raises(function() small(vision.resnet18, { freeze = 9 }) end, "stages up to 5")
end)

t.test("a frozen network's features are computed once, and augmented pictures anew", function()
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
