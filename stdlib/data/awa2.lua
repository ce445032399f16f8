local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local listed_images = require "listed_images"
local schema = require "schema"

-- "     1\tantelope" -> { "antelope", ... }
local function names(path)
  local list = {}
  for i, line in ipairs(listed_images.lines(path)) do
    local number, name = line[1]:match "^%s*(%d+)%s+(%S+)%s*$"
    if tonumber(number) ~= i then
      error(("%s: line %d: expected number %d and a name, got '%s'"):format(path, line[2], i, line[1]), 0)
    end
    list[i] = name:gsub("[^%w]+", "_")
  end
  return list
end

-- Of each class the numbers (from 0) of its attributes.
local function attributes(path, classes, count)
  local lists = {}
  for i, line in ipairs(listed_images.lines(path)) do
    local list, column = {}, 0
    for word in line[1]:gmatch "%S+" do
      if word ~= "0" and word ~= "1" then
        error(("%s: line %d: column %d: expected 0 or 1, got '%s'"):format(path, line[2], column + 1, word), 0)
      end
      if word == "1" then list[#list + 1] = column end
      column = column + 1
    end
    if column ~= count then
      error(("%s: line %d: expected %d columns, got %d"):format(path, line[2], count, column), 0)
    end
    lists[i] = list
  end
  if #lists ~= classes then error(("%s: expected %d lines, got %d"):format(path, classes, #lists), 0) end
  return lists
end

-- The features and the number (from 0) of each one's class.
local function features(folder, classes)
  local where = folder .. "/Features/ResNet101/AwA2-"
  local vectors, labels = data.read_vectors(catalogue.file(folder, "Features/ResNet101/AwA2-features.txt")), {}
  for i, line in ipairs(listed_images.lines(where .. "labels.txt")) do
    local number = tonumber(line[1])
    if not number or number ~= math.floor(number) or number < 1 or number > classes then
      error(("%slabels.txt: line %d: expected a class of 1 to %d, got '%s'"):format(where, line[2], classes,
        line[1]), 0)
    end
    labels[i] = number - 1
  end
  if #labels ~= vectors:size(0) then
    error(("%sfeatures.txt has %d lines, labels.txt %d"):format(where, vectors:size(0), #labels), 0)
  end
  return vectors, labels
end

local read = {} -- folder and level -> host dataset: read once in a process

local function resolve(o)
  local folder, reason = catalogue.find "awa2"
  if not folder then error(reason, 0) end
  local classes = names(folder .. "/classes.txt")
  local labels_are = o.level == "attribute" and names(folder .. "/predicates.txt") or classes
  local key = folder .. "\n" .. o.level
  if not read[key] then
    local vectors, labels = features(folder, #classes)
    if o.level == "attribute" then
      local of_class, width = attributes(folder .. "/predicate-matrix-binary.txt", #classes, #labels_are), 1
      for _, list in ipairs(of_class) do width = math.max(width, #list) end
      for i, class in ipairs(labels) do
        local row = {}
        for k = 1, width do row[k] = of_class[class + 1][k] or -1 end
        labels[i] = row
      end
    end
    read[key] = data.from_vectors(vectors, torch.tensor(labels, { dtype = torch.int64 }),
      { name = "awa2", class_names = labels_are })
  end
  return { name = "awa2", things = "vectors", class_names = labels_are, counts = read[key]:counts(),
           sets = { train = read[key] } }
end

local origin = {
  name = "awa2", things = "vectors", test = 0, resolve = resolve,
  fields = { { "level", "one of class|attribute", "class",
               "one of 50 animals, or all of the 85 attributes that its kind has" } },
}

-- What `moonlab data check` reads.
function origin.read() return resolve({ level = "class" }).sets.train end

--- Animals with Attributes 2 (Xian et al. 2019): 37,322 pictures of 50 animals as features of a ResNet-101, 2048 numbers
-- each, from Features/ResNet101/AwA2-features.txt, AwA2-labels.txt, classes.txt, predicates.txt and
-- predicate-matrix-binary.txt in awa2/ of a folder of $MOONLAB_DATA. Batches have x [B, 2048, 1, 1]; with level =
-- "attribute" a sample has all attributes of its animal as labels, batch.t [B, 85]. There is no official test set.
-- @usage awa2 { level = "attribute", test = 50 }
return schema.declare("data.awa2", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
