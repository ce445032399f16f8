--- The index of the store, brought up to what its directories say now: what lists of runs are answered from.
--
--     local index = require "run_index".open(store)
--     index:find(query)      as require "run_query".parse makes them
--
-- Only commands that read runs open it; what trains reads the directories.
local host_index = require "host.index"
local host_run = require "host.run"
local liveness = require "liveness"

local run_index = {}

-- A run whose process is gone says "running" for ever: the index says "killed" until its directory changes.
local function tell_killed(index, store, running)
  for _, id in ipairs(running) do
    local readable, status = pcall(function() return liveness.status(host_run.open(store, id)) end)
    if readable and status ~= "running" then index:set_status(id, status) end
  end
end

--- Opens the index of a store and brings it up to date; what happened to its file is said on the errors.
-- @param options { anew = read all runs again, quiet = say nothing }
-- @return the index, and what changed: { read, removed, runs, running }
function run_index.open(store, options)
  options = options or {}
  local index = host_index.open(store)
  local changes = index:refresh(options.anew or false)
  tell_killed(index, store, changes.running)
  if index:note() ~= "" and not options.quiet then io.stderr:write(index:note(), "\n") end
  return index, changes
end

return run_index
