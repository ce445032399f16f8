-- What specs of joins start from: a graph of two blocks, and datasets of flat images.
local dataset = require "dataset"
local host_data = require "host.data"
local host_graph = require "host.graph"
local schema = require "schema"

local flat_sets = {}

--- A node "graph.NAME": r above A and B, a1 and a2 below A, b1 and b2 below B, b2 below A too.
function flat_sets.graph(name)
  return schema.declare("graph." .. name, {}, function()
    return host_graph.build {
      root = "r", nodes = { "A", "B", "a1", "a2", "b1", "b2" },
      edges = { { "r", "A" }, { "r", "B" }, { "A", "a1" }, { "A", "a2" }, { "B", "b1" }, { "B", "b2" },
                { "A", "b2" } },
      blocks = { A = "c", B = "c", a1 = "f", a2 = "f", b1 = "f", b2 = "f" },
    }
  end)
end

local function images(name, class_names, levels, side, channels)
  local pictures, labels = {}, {}
  for i, level in ipairs(levels) do
    pictures[i] = torch.full({ 1, channels, side, side }, level % 256, { dtype = "uint8" })
    labels[i] = (i - 1) % #class_names
  end
  return host_data.from_tensors(torch.cat(pictures), torch.tensor(labels, { dtype = "int64" }),
    { name = name, class_names = class_names })
end

--- n levels from `first` on.
function flat_sets.levels(n, first)
  local list = {}
  for i = 1, n do list[i] = first + i - 1 end
  return list
end

--- A node "data.NAME" of flat images of these brightnesses, [channels, side, side] (1 and 2), classes by turns.
-- @param test the levels of its test set; `true`: its first training image; nil: none
function flat_sets.declare(name, class_names, levels, test, side, channels)
  local train = images(name, class_names, levels, side or 2, channels or 1)
  local tested = test == true and train:subset { 0 }
    or test and images(name, class_names, test, side or 2, channels or 1) or nil
  local origin = { name = name, class_names = class_names, counts = train:counts(), official_test = true,
                   sets = { train = train, test = tested } }
  return schema.declare("data." .. name, dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
end

return flat_sets
