--- The directory of the sweep that a word of the command line names: its id, its name, the beginning of one, "last", or
-- its script.
local record = require "sweep.record"
local runner = require "runner"
local system = require "host.system"

-- Where a sweep's script lies, whatever folder it was started from.
local function script_of(spec)
  local script = spec.script or ""
  return script:match "^/" and script or (spec.folder or ".") .. "/" .. script
end

local function plain(path) return (path:gsub("/%./", "/"):gsub("/%./", "/")) end

-- The sweep of a script that was run last: under other arguments it is another one.
local function of_script(store, file)
  local wanted, found, latest = plain(system.absolute(file)), nil, -1
  for _, id in ipairs(system.list(store .. "/sweeps") or {}) do
    local directory = store .. "/sweeps/" .. id
    local readable, spec = pcall(record.read, directory)
    local journal = readable and plain(script_of(spec)) == wanted and system.stat(directory .. "/journal.log")
    if journal and journal.modified > latest then found, latest = directory, journal.modified end
  end
  if not found then error(("no sweep of %s is in %s: moonlab run %s makes it"):format(file, store, file), 0) end
  return found
end

--- @return the directory. Errors: none (with the nearest), several, a plan that cannot be read.
return function(word)
  local store = runner.store()
  local directory = word:match "%.lua$" and of_script(store, word) or (record.find(store, word))
  local readable, spec = pcall(record.read, directory)
  if not readable or type(spec) ~= "table" or type(spec.cells) ~= "table" then
    error(("%s/sweep.json is damaged: moonlab run of its script writes it anew"):format(directory), 0)
  end
  return directory
end
