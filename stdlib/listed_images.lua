--- Pictures of one folder whose classes and splits stand in files beside it, as origins (dataset.lua).
local folder_images = require "folder_images"
local image = require "host.image"

local listed_images = {}

--- A text file's lines that are neither empty nor comments, with their numbers: { { text, number }, ... }. Raises
-- "FILE: cannot be read".
function listed_images.lines(path)
  local file, reason = io.open(path, "r")
  if not file then error(reason, 0) end
  local lines, number = {}, 0
  for line in file:lines() do
    number = number + 1
    line = line:gsub("\r$", "")
    if line:find "%S" and not line:find "^#" then lines[#lines + 1] = { line, number } end
  end
  file:close()
  return lines
end

--- The origin of a set of this kind.
-- @param about { name, side, class_names, counts = training pictures of each class, or a function that looks them up
--   when they are first asked for, list = function(folder) -> { train = { { file, class number from 1 }, ... }, test,
--   val } }
function listed_images.origin(about)
  local known = type(about.counts) == "table"
  local origin = { name = about.name, class_names = about.class_names, counts = known and about.counts or {},
                   official_test = true, known = known, fields = folder_images.fields(about.side) }
  local function reader(o)
    return function(folder)
      local lists = about.list(folder)
      local function read(split)
        if not lists[split] then return nil end
        local classes = {}
        for i, name in ipairs(about.class_names) do classes[i] = { name, {} } end
        for _, picture in ipairs(lists[split]) do table.insert(classes[picture[2]][2], picture[1]) end
        return folder_images.told(folder, image.read_files(classes, folder_images.about(o, about.name)))
      end
      return read "train", read "test", read "val"
    end
  end
  function origin.resolve(o)
    return folder_images.once(about.name, o, function()
      local made = { name = about.name, class_names = about.class_names, official_test = true, read = reader(o) }
      if known then
        made.counts = about.counts
        return made
      end
      return setmetatable(made, { __index = function(self, key)
        if key == "counts" then rawset(self, "counts", about.counts()) end
        return rawget(self, key)
      end })
    end)
  end
  local defaults = {}
  for _, field in ipairs(origin.fields) do defaults[field[1]] = field[3] end
  origin.read = reader(defaults)
  return origin
end

return listed_images
