--- What of a store may go: found here, removed only when asked for (`moonlab gc --yes`).
--
-- Nothing that is alive goes, nothing that finished (but for smoke runs), and nothing that a sweep's journal or list of
-- trials names, except the weights of trials that it has pruned for good.
local catalogue = require "catalogue"
local host_run = require "host.run"
local journal = require "sweep.journal"
local liveness = require "liveness"
local record = require "sweep.record"
local system = require "host.system"

local collection = {}

local kBesideWriter = 3600 -- seconds after which a half-written file is nobody's any more

-- Statuses of runs that ended without a result, and of such that died.
local unfinished = { killed = true, failed = true, interrupted = true, unknown = true }

local function size_of(path)
  local stat = system.stat(path)
  if not stat then return 0 end
  if stat.kind ~= "folder" then return stat.size end
  local sum = 0
  for _, name in ipairs(system.list(path) or {}) do sum = sum + size_of(path .. "/" .. name) end
  return sum
end

-- What sweeps need: ids of runs that their journals name and configurations of their trials; and the pruned ones.
local function needs_of(store)
  local needs = { runs = {}, hashes = {}, pruned = {} }
  for _, id in ipairs(system.list(store .. "/sweeps") or {}) do
    local directory = store .. "/sweeps/" .. id
    local readable, spec = pcall(record.read, directory)
    if readable and type(spec) == "table" and type(spec.cells) == "table" then
      for _, cell in ipairs(spec.cells or {}) do
        for _, trial in ipairs(cell.trials or {}) do needs.hashes[trial.hash] = id end
      end
      for hash, trial in pairs(record.fold(journal.open(directory):read()).trials) do
        if trial.run then needs.runs[trial.run] = id end
        if trial.state == "pruned" then
          needs.pruned[hash] = id
          if trial.run then needs.pruned[trial.run] = id end
        end
      end
    elseif system.stat(directory .. "/journal.log") or system.stat(directory .. "/sweep.json") then
      needs.unreadable = directory -- whose trials are not known: nothing of the store is safe to remove
    end
  end
  return needs
end

-- A half-written neighbour of a file (host/atomic_file.hpp): NAME.XXXXXX.
local function half_written(name) return name:match "^.+%.%w+%.%w%w%w%w%w%w$" or name:match "^status%.%w%w%w%w%w%w$" end

local function temporaries(folder, now, found)
  for _, name in ipairs(system.list(folder) or {}) do
    local stat = half_written(name) and system.stat(folder .. "/" .. name)
    if stat and stat.kind == "file" and now - stat.modified > kBesideWriter then
      found[#found + 1] = { path = folder .. "/" .. name, why = "left half written", bytes = stat.size }
    end
  end
end

-- Weights and states of a run, what its numbers do not need.
local function checkpoints(run)
  local bytes = size_of(run .. "/ckpt")
  return bytes > 0 and bytes or nil
end

-- One run: what of it may go.
local function look_at(store, entry, needs, o, found)
  local path = store .. "/" .. entry.id
  local readable, run, meta = pcall(function()
    local opened = host_run.open(store, entry.id)
    local known, meta = pcall(opened.meta, opened)
    return opened, known and type(meta) == "table" and meta or {}
  end)
  if not readable or not meta.config_hash then return end -- a folder of somebody else's that has a config.json
  local status = liveness.status(run)
  if status == "running" then return end
  local needed = needs.runs[entry.id] or needs.hashes[meta.config_hash]
  local pruned = needs.pruned[entry.id] or needs.pruned[meta.config_hash] or status == "pruned"
  local age = o.now - (system.stat(path) or { modified = o.now }).modified
  local function add(what, why, bytes) found[#found + 1] = { path = what, why = why, bytes = bytes, run = entry.id } end
  if meta.smoke and not needed then
    return add(path, "smoke run", size_of(path))
  elseif unfinished[status] and not needed and age > o.older then
    return add(path, status, size_of(path))
  elseif pruned and status ~= "done" then
    local bytes = checkpoints(path)
    if bytes then add(path .. "/ckpt", "weights of a pruned trial", bytes) end
  end
  for _, folder in ipairs { "", "/ckpt", "/artifacts" } do temporaries(path .. folder, o.now, found) end
end

-- Features that were computed long ago: who needs them computes them again.
local function caches(o, found)
  local folder = catalogue.home() .. "/features"
  local all = { paths = {}, bytes = 0, path = folder }
  for _, name in ipairs(system.list(folder) or {}) do
    local stat = system.stat(folder .. "/" .. name)
    if stat and stat.kind == "file" and o.now - stat.modified > o.unused then
      all.paths[#all.paths + 1], all.bytes = folder .. "/" .. name, all.bytes + stat.size
    end
  end
  if #all.paths == 0 then return end
  all.why = ("%d cached features"):format(#all.paths)
  found[#found + 1] = all
end

--- What may go: list of { path, why, bytes, run, paths = what goes in place of all of path }.
-- @param options { older = seconds that an unfinished run is kept, unused = that cached features are }
-- Errors: a sweep whose plan cannot be read.
function collection.find(store, options)
  local o = { older = options.older, unused = options.unused, now = system.time() }
  local found, needs = {}, needs_of(store)
  if needs.unreadable then
    error(("%s/sweep.json cannot be read, so that nobody knows which runs it needs; mend it or move it away")
      :format(needs.unreadable), 0)
  end
  for _, entry in ipairs(host_run.list(store)) do look_at(store, entry, needs, o, found) end
  temporaries(store, o.now, found)
  caches(o, found)
  return found
end

--- Removes what find gave, looking once more whether a run came to life meanwhile.
-- @return how many went, their bytes, and list of problems
function collection.remove(store, found)
  local count, bytes, problems = 0, 0, {}
  for _, item in ipairs(found) do
    local alive = false
    if item.run then
      local opened, run = pcall(host_run.open, store, item.run)
      alive = not opened or liveness.status(run) == "running" or not run:hold()
    end
    if alive then
      problems[#problems + 1] = item.path .. ": it is being used"
    else
      local problem
      for _, path in ipairs(item.paths or { item.path }) do
        local removed, reason = system.remove(path)
        if not removed then problem = ("%s: %s"):format(path, tostring(reason)) end
      end
      if problem then problems[#problems + 1] = problem else count, bytes = count + 1, bytes + item.bytes end
    end
  end
  return count, bytes, problems
end

return collection
