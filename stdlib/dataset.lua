--- What every constructor of data shares: the options that choose samples, and the object that is built.
--
-- An origin describes what is the same in every call:
--   { name = "mnist5k", class_names = { ... }, counts = training images of each class,
--     read = function(folder) -> training set, test set or nil, validation set or nil   (host datasets, all samples) }
-- Without an official test set the option `test` holds images out; a validation set of its own stands in where the
-- option `val` holds none out. Besides:
--   things = "texts"         what messages and help call the samples; "images" where absent
--   fields                   further options, such as `level`
--   groups, group_level      { { "coarse", { "fine", ... } }, ... }: labels where the option `level` is group_level
--   variants                 level -> another origin
--   resolve = function(o)    -> origin, where classes and counts are in a file of the user's
--   known = true             the options can be checked by what resolve gives without reading
--
-- The samples of a class stand in one seeded order. Test and validation images are taken from its end, `skip` and then
-- the training images from its front: with another `per_class` or `fraction` the training set grows or shrinks within
-- itself and the others stay what they are, and two parts of one origin are disjoint by `skip`.
local data = require "host.data"
local catalogue = require "catalogue"
local choice = require "dataset.choice"
local code = require "dataset.code"
local mixing = require "mixing"
local nearest = require "language.nearest"

local dataset = {}

--- Every origin declared so far, by name.
dataset.origins = {}

--- Calls a function of the host for a node: an error is its text alone, without the place in this library.
function dataset.host(call, ...)
  local results = { pcall(call, ...) }
  if results[1] then return unpack(results, 2, table.maxn(results)) end
  local failure = results[2]
  error(type(failure) == "string" and failure:gsub("^[^\n:]+%.lua:%d+: ", "") or failure, 0)
end

--- The fields of an origin's constructor, and what schema.declare takes besides (dataset/choice.lua).
function dataset.fields(origin)
  dataset.origins[origin.name] = origin
  return choice.fields(origin)
end
dataset.more = choice.more

-- The built object --------------------------------------------------------------------------------------------------

local Data = {}
Data.__index = Data

--- The host dataset of a split: "train", "val", "test", also as "NAME.test". An error names the splits there are.
function Data:set(split)
  local own = split:match "^(.*)%.[^.]*$"
  local name = split:match "[^.]*$"
  if (own == nil or own == self.name) and self.sets[name] then return self.sets[name] end
  local known = {}
  for _, candidate in ipairs { "train", "val", "test" } do
    if self.sets[candidate] then known[#known + 1] = candidate end
  end
  error(("dataset '%s' has no split '%s'%s (%s)"):format(self.name, split, nearest.did_you_mean(name, known),
    table.concat(known, ", ")), 0)
end

--- The splits that hold samples: { "train", "test" }.
function Data:splits()
  local names = {}
  for _, name in ipairs { "train", "val", "test" } do
    if self.sets[name] then names[#names + 1] = name end
  end
  return names
end

--- Batches of a split: `for batch in loader:each(epoch) do`, loader:batches(), loader:size().
-- @param options { seed = of the order, batch, shuffle (default: only "train"), device, transform, with, workers,
--   tokenizer, max_length, features, augment = false: without its random changes }. Texts need a `tokenizer`
--   (host.text), which gives x long [B, T] and mask bool [B, T]. `features` is a function set -> float [n, F], given as
--   x in place of the samples.
--   `transform` is a function of one image, float [C, H, W] in [0, 1] before it is normalised, that gives the image the
--   model sees: f(image, { idx, y, domain, epoch }, with). It runs in Lua states of `workers` threads (default: as many
--   as operators have, from 2 to 8; 0: steps on the thread that asks), so it is given as code for `worker` is: source
--   text, a module's name, or a function that uses no local variable of its surroundings; `with` is plain data. Its
--   random numbers start anew from each sample and epoch, so the batches are the same for any number of workers.
function Data:loader(split, options)
  return dataset.loader({ dataset.source(self, self:set(split)) }, split, self, options)
end

--- The shape [C, H, W] of its images as a model sees them, after `transform`; {} of texts.
function Data:image() return dataset.shape(dataset.source(self, self.sets.train)) end

--- SHA-256 of each split: its images, its choice and its labels. { train = "8aba...", test = "1dcb..." }
function Data:fingerprints()
  local prints = {}
  for _, split in ipairs(self:splits()) do prints[split] = self.sets[split]:fingerprint() end
  return prints
end

--- { name, fingerprints, classes = { { name, train = n, val = n, test = n }, ... } }
function Data:report()
  local report = { name = self.name, fingerprints = self:fingerprints(), classes = {} }
  for i, name in ipairs(self.class_names) do report.classes[i] = { name = name } end
  for _, split in ipairs(self:splits()) do
    for i, count in ipairs(self.sets[split]:counts()) do report.classes[i][split] = count end
  end
  return report
end

-- What happens to a source's images before they are normalised: its `transform`, and in training its `augment` steps.
local function stages(source, random)
  local list = { source.transform }
  for _, step in ipairs(random and mixing.others(source.augment) or {}) do list[#list + 1] = step end
  return list
end

-- The stages of each source as a loader's transform, or nil where none has any.
local function transforms(sources, random)
  local lists, any = {}, false
  for i, source in ipairs(sources) do
    lists[i] = stages(source, random)
    any = any or #lists[i] > 0
  end
  return any and lists or nil
end

--- A dataset's split as a loader's source, with its own transform, augment, weight and draw.
function dataset.source(part, set, targets)
  return { set, targets, part.normalise, transform = part.transform, augment = part.augment, weight = part.weight,
           draw = part.draw }
end

--- The same splits with another training set.
function dataset.replaced(sets, train)
  local others = {}
  for split, set in pairs(sets) do others[split] = set end
  others.train = train
  return others
end

--- The shape [C, H, W] that images of a source have after its transform (and its random changes); {} of texts.
function dataset.shape(source, random)
  local list = stages(source, random)
  if source[1]:is_text() or #list == 0 then return source[1]:shape() end
  local one = dataset.host(data.loader, { { source[1]:subset { 0 }, nil, false } }, { batch = 1, transform = { list },
                                                                                  workers = 1 })
  one:begin(0)
  return dataset.host(one.next, one).x[0]:size()
end

-- Features of a source's samples; of a part, those of the whole that it was taken from, which are kept.
local function features_of(source, features)
  if not source.whole then return features(source[1], source[3]) end
  return features(source.whole, source[3]):index_select(0, torch.tensor(source.places, { dtype = "int64" }))
end

--- A loader over sources { { set, targets, normalise, transform = function, augment = steps, weight, draw }, ... } with
-- the options of `owner` (batch, last, mix). Random changes come from the seed, the epoch and the sample: batches do
-- not depend on the number of workers. Weight, draw and (but where options.augment is false) augment are training's. A
-- source that is a part of a set may say of which, and of which places (whole, places): its features are kept already.
function dataset.loader(sources, split, owner, options)
  options = options or {}
  local training = split:match "[^.]*$" == "train"
  local random = training and options.augment ~= false
  local own, mixed = transforms(sources, random), random and mixing.of(sources) or nil
  if options.transform and own then error("give one of transform and the data's own transform and augment", 0) end
  -- changed pictures differ each time
  local features = not own and not mixed and not options.transform and options.features
  local taken = {}
  for i, source in ipairs(sources) do
    taken[i] = { source[1], source[2], source[3], features and features_of(source, features) or nil,
                 weight = training and source.weight or nil, draw = training and source.draw or nil }
  end
  local shuffle = options.shuffle
  if shuffle == nil then shuffle = training end
  return data.loader(taken, {
    batch = options.batch or owner.batch, shuffle = shuffle, drop_last = training and owner.last == "drop",
    mix = owner.mix or "proportional", seed = options.seed or 0, device = options.device,
    transform = options.transform or own, with = options.with, workers = options.workers,
    tokenizer = options.tokenizer, max_length = options.max_length, classes = owner.classes, mixing = mixed,
  })
end

-- Building ----------------------------------------------------------------------------------------------------------

local cache = {} -- origin -> folder -> { train, test }: an origin is read once in a process

local function read(origin)
  if origin.sets then return origin.sets.train, origin.sets.test, origin.sets.val end
  local folder, reason = catalogue.get(origin.folder or origin.name)
  if not folder then error(reason, 0) end
  cache[origin] = cache[origin] or {}
  local known = cache[origin][folder]
  if not known then
    known = { dataset.host(origin.read, folder) }
    cache[origin][folder] = known
  end
  return known[1], known[2], known[3]
end

local function amount(o)
  return { per_class = o.per_class, total = o.take, fraction = o.fraction }
end

--- Random changes as a loader takes them, from nodes and functions; nil of nil.
function dataset.steps(nodes)
  local steps = {}
  for i, step in ipairs(nodes or {}) do
    steps[i] = type(step) == "function" and code(step) or require "schema".build(step)
  end
  return nodes and steps
end

-- What is left of a set for training, and its i-th of k folds.
local function folded(parts, fold, seed)
  local all = parts:take_front({}, "folds")
  local folds, place, rest, own = all:partition(seed, true), {}, {}, nil
  for i, row in ipairs(all:rows():totable()) do place[row] = i - 1 end
  for j = 1, fold[1] do
    local part = folds:take_front({ fraction = 1 / (fold[1] - j + 1) }, ("fold %d of %d"):format(j, fold[1]))
    if j == fold[2] then
      own = part
    else
      for _, row in ipairs(part:rows():totable()) do rest[#rest + 1] = place[row] end
    end
  end
  return all:subset(rest), own
end

--- The builder of an origin's constructor: a Data object
-- { name, class_names, classes, batch, sets = { train, val, test }, set(), splits(), loader(), report() }.
function dataset.builder(origin)
  local function build(o, context)
    local origin = choice.origin(o, origin)
    local train, test, val = read(origin)
    local groups, wrong = choice.groups(o, origin)
    if wrong then error(wrong, 0) end
    local function shaped(set)
      set = o.only and set:only(choice.classes(o, origin)) or set
      return set:renamed(o.name)
    end
    local function labelled(set) return groups and set:relabel(groups) or set end
    local parts = shaped(train):partition(o.split_seed, true)
    local sets = {}
    if test then
      sets.test = labelled(shaped(test))
    elseif (o.test or 0) > 0 then
      sets.test = labelled(parts:take_back({ per_class = o.test }, "test"))
    end
    if o.fold then
      local rest, own = folded(parts, o.fold, o.split_seed)
      parts, sets.val = rest:partition(o.split_seed, true), labelled(own)
    elseif val and o.val == 0 then
      sets.val = labelled(shaped(val))
    elseif o.val > 0 then
      sets.val = labelled(parts:take_back(o.val < 1 and { fraction = o.val } or { per_class = o.val }, "val"))
    end
    if o.skip > 0 then parts:take_front(o.skip < 1 and { fraction = o.skip } or { per_class = o.skip }, "skip") end
    if o.fraction and not o.stratify then
      parts = parts:take_front({}, "train"):partition(o.split_seed, false)
    end
    sets.train = labelled(parts:take_front(amount(o), "train"))
    if context and context.smoke then sets = require "smoke".sets(sets) end
    return setmetatable({
      name = o.name, class_names = sets.train:class_names(), classes = #sets.train:class_names(), sets = sets,
      batch = o.batch, last = o.last, normalise = o.normalise, transform = code(o.transform),
      augment = dataset.steps(o.augment),
      weight = o.weight, draw = o.draw,
    }, Data)
  end
  return function(o, context) return dataset.host(build, o, context) end
end

--- { "0", ..., "9" }
dataset.digits = {}
for i = 0, 9 do dataset.digits[i + 1] = tostring(i) end

return dataset
