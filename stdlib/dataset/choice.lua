--- Which samples a constructor of data chooses and how it labels them: its options, their checks, and what can be known
-- from the options alone. The host (host/data/split.hpp) chooses in the same way.
local nearest = require "language.nearest"
local order = require "language.order"
local schema = require "schema"

local choice = {}

--- The origin that the options of a constructor mean: of several variants the one of `level`.
function choice.origin(o, origin)
  if origin.resolve then return origin.resolve(o) end
  return origin.variants and origin.variants[o.level] or origin
end

--- The fields of a constructor of this origin.
function choice.fields(origin)
  local things = origin.things or "images"
  local fields = {
    { "name", "string", origin.name, "what it is called in metric keys and reports" },
    { "per_class", "integer > 0", schema.optional,
      "training " .. things .. " of each class; all where nothing is chosen" },
    { "take", "integer > 0", schema.optional, "training " .. things .. " altogether, spread evenly over the classes" },
    { "fraction", "number in (0, 1]", schema.optional, "share of the training " .. things },
    { "stratify", "boolean", true, "`fraction` is of each class and not of all " .. things .. " together" },
    { "skip", "number >= 0", 0, things .. " of each class that are left out first, or below 1 a share: another part of "
      .. "the same set has them" },
    { "val", "number >= 0", 0, "validation " .. things .. ": so many of each class, or below 1 a share" },
    { "fold", "list of integer > 0", schema.optional, "{ k, i }: of k parts of each class the i-th is for validation and "
      .. "the others for training" },
    { "only", "list of (string or integer)", schema.optional, "the classes that are kept, numbered in this order" },
    { "labels", "map of (string or list of (string or integer))", schema.optional,
      "other labels: new = { class, ... } for coarser ones, or class = \"new\"; then classes not named keep theirs" },
    { "batch", "integer > 0", 32, "samples a batch; a join has its own" },
    { "last", "one of keep|drop", "keep",
      "what becomes of a last batch of training that is not full; a join has its own" },
    { "weight", "number > 0", 1.0,
      "a factor on the loss of its training " .. things .. ", beside other sets of a join" },
    { "draw", "number > 0", 1.0, "how often an epoch goes through its training " .. things .. "; of a join whose mix "
      .. "is balanced: its share of the epoch beside the others'" },
    { "split_seed", "integer >= 0", 0, "seed of the choice; training's seed does not touch it" },
  }
  if things == "images" then
    table.insert(fields, 11, { "normalise", "boolean", true,
      "pixels to mean 0 and deviation 1 of the whole set, otherwise to [0, 1]" })
    table.insert(fields, 12, { "transform", "function", schema.optional, "what becomes of every image, of training and "
      .. "of other splits: function(image, sample) of float [C, H, W] in [0, 1] that gives the image, of another shape "
      .. "perhaps; sample is { idx, y, domain, epoch }. It runs in states of its own and sees no local variable around "
      .. "it" })
    table.insert(fields, 13, { "augment", "list of (node augment or function)", schema.optional,
      "random changes of the training images, one after the other, before they are normalised; a function is one as "
      .. "`transform` is" })
  end
  if not origin.official_test then
    table.insert(fields, 8, { "test", "integer >= 0", origin.test, "test " .. things .. " of each class, held out" })
  end
  for i, field in ipairs(origin.fields or {}) do table.insert(fields, i, field) end
  return fields
end

--- The classes that are chosen, or nil, what is wrong and the option that is.
function choice.classes(o, origin)
  if not o.only then return origin.class_names end
  local members, classes, seen = {}, {}, {}
  for _, group in ipairs(origin.groups or {}) do members[group[1]] = group[2] end
  for _, name in ipairs(origin.class_names) do members[name] = { name } end
  for _, class in ipairs(o.only) do
    local name = tostring(class)
    if not members[name] then
      return nil, ("no class '%s'%s"):format(name, nearest.did_you_mean(name, origin.class_names)), "only"
    end
    for _, member in ipairs(members[name]) do
      if seen[member] then return nil, ("class '%s' is given twice"):format(member), "only" end
      classes[#classes + 1], seen[member] = member, true
    end
  end
  if #classes == 0 then return nil, "no class is left", "only" end
  return classes
end

--- The groups { { label, { class, ... } }, ... } as far as their classes are among those chosen.
function choice.coarser(groups, classes)
  local chosen, list = {}, {}
  for _, name in ipairs(classes) do chosen[name] = true end
  for _, group in ipairs(groups) do
    local members = {}
    for _, name in ipairs(group[2]) do
      if chosen[name] then members[#members + 1] = name end
    end
    if #members > 0 then list[#list + 1] = { group[1], members } end
  end
  return list
end

--- The new labels as { { label, { class, ... } }, ... }, or nil, what is wrong and the option that is.
-- Nothing is wrong and nothing given: false.
function choice.groups(o, origin)
  local classes, wrong, field = choice.classes(o, origin)
  if not classes then return nil, wrong, field end
  local grouped = origin.groups and o.level == origin.group_level
  if grouped and o.labels then return nil, "give one of level and labels", "labels" end
  if grouped then return choice.coarser(origin.groups, classes) end
  if not o.labels or next(o.labels) == nil then return false end
  local known, label_of, members, labels, renames = {}, {}, {}, {}, false
  for _, name in ipairs(classes) do known[name] = true end
  local function put(class, label)
    class = tostring(class)
    if not known[class] then
      return ("no class '%s'%s"):format(class, nearest.did_you_mean(class, classes))
    end
    if label_of[class] == label then
      return ("class '%s' is given twice in label '%s'"):format(class, label)
    end
    if label_of[class] then
      return ("class '%s' is in two labels, '%s' and '%s'"):format(class, label_of[class], label)
    end
    label_of[class] = label
    if not members[label] then
      members[label] = {}
      labels[#labels + 1] = label
    end
    table.insert(members[label], class)
  end
  for key, value in order.pairs(o.labels) do
    if type(value) == "string" then
      renames = true
      wrong = put(key, value)
    else
      for _, class in ipairs(value) do
        wrong = wrong or put(class, key)
      end
    end
    if wrong then return nil, wrong, "labels" end
  end
  for _, class in ipairs(classes) do
    if not label_of[class] then
      if not renames then return nil, ("class '%s' is in none of the labels"):format(class), "labels" end
      put(class, class)
    end
  end
  local groups = {}
  for i, label in ipairs(labels) do groups[i] = { label, members[label] } end
  return groups
end

local function class_names(o, origin)
  local groups, wrong = choice.groups(o, origin)
  if wrong then error(wrong, 0) end
  local classes = choice.classes(o, origin)
  if not groups then return classes end
  local label_of, names, seen = {}, {}, {}
  for _, group in ipairs(groups) do
    for _, class in ipairs(group[2]) do label_of[class] = group[1] end
  end
  for _, class in ipairs(classes) do -- in the order of the first old class, as the host has it
    local label = label_of[class]
    if not seen[label] then
      names[#names + 1], seen[label] = label, true
    end
  end
  return names
end

local function round(x) return math.floor(x + 0.5) end

--- The sizes of a class's folds, of `count` samples: each takes its share of what is left. The host rounds the same way.
function choice.folds(count, k)
  local sizes = {}
  for j = 1, k do
    sizes[j] = round(count / (k - j + 1))
    count = count - sizes[j]
  end
  return sizes
end

-- What each chosen class has for training once test, validation and skipped images are out:
-- { { name, all, left }, ... }. The host counts the same way.
local function remaining(o, origin)
  local chosen, list = {}, {}
  for _, name in ipairs(choice.classes(o, origin)) do chosen[name] = true end
  for i, name in ipairs(origin.class_names) do
    if chosen[name] then
      local all = origin.counts[i]
      local left = all - (o.test or 0)
      if o.fold then left = left - choice.folds(left, o.fold[1])[o.fold[2]] end
      left = left - (o.val < 1 and round(o.val * left) or o.val)
      left = left - (o.skip < 1 and round(o.skip * left) or o.skip)
      list[#list + 1] = { name = name, all = all, left = left }
    end
  end
  return list
end

-- nil, or why there are too few samples.
local function shortage(o, origin)
  local sum, things = 0, origin.things or "images"
  for _, class in ipairs(remaining(o, origin)) do
    if class.left < (o.per_class or 0) then
      return ("class '%s' has %d of %d %s left, %d wanted for training"):format(class.name, math.max(0, class.left),
        class.all, things, o.per_class or 0), o.per_class and "per_class" or "skip"
    end
    sum = sum + class.left
  end
  if o.take and o.take > sum then
    return ("%d %s are left, %d wanted for training"):format(sum, things, o.take), "take"
  end
  if sum == 0 then return ("no %s is left for training"):format(things:sub(1, -2)), "skip" end
end

-- The number of training samples.
local function size(o, origin)
  local classes, sum, shares = remaining(o, origin), 0, 0
  for _, class in ipairs(classes) do
    sum, shares = sum + class.left, shares + round((o.fraction or 1) * class.left)
  end
  if o.take then return o.take end
  if o.per_class then return o.per_class * #classes end
  return o.stratify and shares or round((o.fraction or 1) * sum)
end

--- Metadata and checks of an origin's constructor, for schema.declare.
function choice.more(origin)
  local function of(o) return choice.origin(o, origin) end
  local labels, sizes = { "only", "labels" }, { "per_class", "take", "fraction", "stratify", "skip", "val", "fold", "only" }
  if not origin.official_test then sizes[#sizes + 1] = "test" end
  for _, field in ipairs(origin.fields or {}) do
    labels[#labels + 1], sizes[#sizes + 1] = field[1], field[1]
  end
  return {
    metadata = {
      class_names = { function(o) return class_names(o, of(o)) end, depends = labels },
      classes = { function(o) return #class_names(o, of(o)) end, depends = labels },
      size = { function(o) return size(o, of(o)) end, depends = sizes },
    },
    check = function(o)
      local chosen = (o.per_class and 1 or 0) + (o.take and 1 or 0) + (o.fraction and 1 or 0)
      if chosen > 1 then return "give one of per_class, take and fraction" end
      if o.val >= 1 and o.val ~= math.floor(o.val) then
        return ("val = %g is neither a number of %s nor a share"):format(o.val, origin.things or "images"), "val"
      end
      if o.fold and (#o.fold ~= 2 or o.fold[1] < 2 or o.fold[2] > o.fold[1]) then
        return ("fold takes { k, i } with 2 <= k and i up to k, got { %s }"):format(table.concat(o.fold, ", ")), "fold"
      end
      if o.fold and o.val > 0 then return "give one of fold and val: a fold is for validation", "fold" end
      if o.skip >= 1 and o.skip ~= math.floor(o.skip) then
        return ("skip = %g is neither a number of %s nor a share"):format(o.skip, origin.things or "images"), "skip"
      end
      if origin.resolve and not origin.known then return end -- its classes are in a file: checked when it is read
      local _, wrong, field = choice.groups(o, of(o))
      if wrong then return wrong, field end
      return shortage(o, of(o))
    end,
  }
end

return choice
