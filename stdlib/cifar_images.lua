--- CIFAR-10 and CIFAR-100 in the forms in which they come, as an origin (dataset.lua):
--   official  the binary version of the authors, in the set's folder or unpacked below it as it comes
--   sheets    tile sheets of JPEG, SPLIT/CLASS.jpg with index.json: lossy
--   sample    train_sample.bin and test_sample.bin: a few exact images in the layout of the binary version
local catalogue = require "catalogue"
require "host.data" -- registers the type of what host.image reads
local image = require "host.image"
local system = require "host.system"

local fields = {
  { "form", "one of auto|official|sheets|sample", "auto", "which files are read: the official binary ones, the lossy "
    .. "tile sheets, the small exact sample, or the first of these that is there" },
}

local function is_there(path) return system.stat(path) ~= nil end

--- @param about { name, class_names, mean, deviation, label_bytes, archive = folder of the official files,
--   train = { file, ... }, test = { file } of them, counts = { form = images of a class },
--   groups, group_level, fields }
return function(about)
  local forms = {}
  local described = { name = about.name, class_names = about.class_names, mean = about.mean,
                      deviation = about.deviation }

  local function official_folder(folder)
    for _, candidate in ipairs { folder, folder .. "/" .. about.archive } do
      if is_there(candidate .. "/" .. about.train[1]) then return candidate end
    end
  end

  local function form_in(folder)
    if official_folder(folder) then return "official" end
    if is_there(folder .. "/index.json") then return "sheets" end
    return "sample"
  end

  local function read_binary(folder, files)
    local paths = {}
    for i, file in ipairs(files) do paths[i] = folder .. "/" .. file end
    return image.read_cifar(paths, about.label_bytes, described)
  end

  local readers = {}
  function readers.official(folder)
    folder = official_folder(folder) or folder
    return read_binary(folder, about.train), read_binary(folder, about.test)
  end
  function readers.sample(folder)
    return read_binary(folder, { "train_sample.bin" }), read_binary(folder, { "test_sample.bin" })
  end
  function readers.sheets(folder)
    local only = { name = about.name, mean = about.mean, deviation = about.deviation }
    return image.read_tile_sheets(folder, "train", only), image.read_tile_sheets(folder, "test", only)
  end

  for form, count in pairs(about.counts) do
    local counts = {}
    for i = 1, #about.class_names do counts[i] = count end
    forms[form] = { name = about.name, class_names = about.class_names, counts = counts, official_test = true,
                    groups = about.groups, group_level = about.group_level, read = readers[form] }
  end

  local origin = { name = about.name, class_names = about.class_names, official_test = true, known = true,
                   groups = about.groups, group_level = about.group_level, fields = {} }
  for _, list in ipairs { about.fields or {}, fields } do
    for _, field in ipairs(list) do table.insert(origin.fields, field) end
  end
  --- Without any files the numbers are those of the official set: reading says what is missing.
  function origin.resolve(o)
    if o.form ~= "auto" then return forms[o.form] end
    local folder = catalogue.find(about.name)
    return forms[folder and form_in(folder) or "official"]
  end
  function origin.read(folder) return readers[form_in(folder)](folder) end
  return origin
end
