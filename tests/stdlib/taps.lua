-- Outputs of inner parts of networks.
local t = require "test"
require "nn"

local IMAGE = { 3, 32, 32 }
local function built(constructor, options) return constructor(options or {}):build { image = IMAGE } end

t.test("taps of each image network are what its parts compute, beside what it gives itself", function()
  local cases = {
    { built(vision.resnet18, { width = 4 }), "layer3", "layer4.1.bn2" },
    { built(vision.resnet50, { width = 4 }), "layer2", "layer4.2" },
    { built(vision.efficientnet_b0), "features.5", "features.1.0.block.0" },
    { built(vision.efficientnet_lite0), "features.8", "features.0" },
    { built(vision.densenet121), "features.denseblock2", "features.transition3" },
    { built(vision.vit), "encoder.layers.encoder_layer_3", "conv_proj" },
    { built(vision.cnn), "conv2", "fc" },
    { built(vision.mlp), "fc1", "fc2" },
  }
  for _, case in ipairs(cases) do
    local net = case[1]
    net:eval()
    local image = net.kind == "Cnn" and { 3, 32, 32 } or IMAGE
    local x = torch.rand(2, unpack(image))
    torch.no_grad(function()
      local found, y = net:taps({ case[2], case[3] }, x)
      t.ok(y:equal(net(x)), net.kind .. ": its output is another one")
      t.eq(y.shape[2], net.width)
      for _, name in ipairs { case[2], case[3] } do
        local own
        local handle = net:get_submodule(name):register_forward_hook(function(_, _, output) own = output end)
        net(x)
        handle:remove()
        t.ok(found[name]:equal(own), net.kind .. "." .. name)
        t.ok(not found[name].requires_grad, name .. " has a gradient")
      end
    end)
  end
end)

t.test("the last stage's tap is what the features are the mean of", function()
  local net = built(vision.resnet18, { width = 4, stem = "cifar" })
  net:eval()
  local found, y = net:taps({ "layer4" }, torch.rand(2, 3, 32, 32))
  t.near(found.layer4:mean { 2, 3 }, y, 1e-6)
end)

t.test("gradients flow through taps to inputs and weights, and not into frozen stages", function()
  local net = built(vision.resnet18, { width = 4, stem = "cifar", freeze = 3 })
  local x = torch.rand(2, 3, 32, 32)
  local found = net:taps({ "layer1", "layer2", "layer3" }, x)
  t.eq({ found.layer1.requires_grad, found.layer2.requires_grad, found.layer3.requires_grad }, { false, false, true })
  found.layer3:sum():backward()
  t.eq(net:get_parameter("layer2.0.conv1.weight").grad, nil)
  t.ok(net:get_parameter("layer3.0.conv1.weight").grad:abs():sum():item() > 0, "no gradient in layer3")
  t.eq(net:get_parameter("layer4.0.conv1.weight").grad, nil)
  x.requires_grad = true
  net:taps({ "layer1" }, x).layer1:square():sum():backward()
  t.ok(x.grad:abs():sum():item() > 0, "no gradient of the input")
end)

t.test("taps of encoders of texts", function()
  local make = require("host.module").make
  local bert = make("Bert", { vocabulary = 9, width = 8, layers = 2, heads = 2, inner = 12, positions = 6, pool = "first", dropout = 0 })
  local x, mask = torch.tensor { { 2, 5, 3 }, { 2, 3, 0 } }, torch.tensor { { true, true, true }, { true, true, false } }
  local found, y = bert:taps({ "embeddings", "encoder.layer.1" }, x:long(), mask)
  t.eq(found.embeddings.shape, { 2, 3, 8 })
  t.ok(found["encoder.layer.1"]:select(1, 0):equal(y), "the last layer's first token")
  local lstm = make("TextLstm", { vocabulary = 9, embed = 4, hidden = 3, layers = 1, pool = "max" })
  local states = lstm:taps({ "lstm" }, x:long(), mask).lstm
  t.eq(states.shape, { 2, 3, 6 })
end)

t.test("names that are not there, parts that are never called, and errors inside", function()
  local net = built(vision.vit)
  local x = torch.rand(1, 3, 32, 32)
  t.raises(function() net:taps({ "encoder.layrs" }, x) end, "did you mean 'encoder.layers'?")
  t.raises(function() net:taps({ "conv_proj.x" }, x) end, "'Conv2d' has no parts")
  t.raises(function() net:taps({ "encoder" }, x) end, "'encoder' is never called in the forward pass of VisionTransformer")
  t.raises(function() net:taps({}, x) end, "give a list of names")
  t.raises(function() net:taps({ "conv_proj" }, torch.rand(1, 3, 8, 8)) end, "made for pictures of 32 x 32")
  net.conv_proj:register_forward_hook(function() error "mine" end)
  t.raises(function() net:taps({ "encoder.ln" }, x) end, "mine")
  local before = 0
  for _ in pairs(require("host.module").hooks(net.encoder.ln) or {}) do before = before + 1 end
  t.eq(before, 0, "a hook of taps is left behind")
end)
