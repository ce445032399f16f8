--- Which trials of an ablation the store holds already: those whose configuration a run has finished with. So running
-- it again trains what is missing, what failed and what was killed, and changing one row trains that row alone.
local host_run = require "host.run"
local language = require "language"
local system = require "host.system"

local continuation = {}

--- What a run is filed under: SHA-256 of the configuration without what does not change results; of a smoke run
-- another one, so that it is taken for no real run, nor a real one for it.
function continuation.config_hash(result, smoke)
  return host_run.sha256((smoke and "smoke\n" or "") .. language.hash_input(result))
end

--- The same without the seed of training: the runs over which a mean is taken share it.
function continuation.cell_hash(result, smoke)
  return host_run.sha256((smoke and "smoke\n" or "") .. language.cell_input(result))
end

local program

-- Lua files below a folder, sorted.
local function sources(folder, found)
  local names = system.list(folder) or {}
  table.sort(names)
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    if name:match "%.lua$" then
      found[#found + 1] = host_run.sha256_file(path)
    elseif not name:find(".", 1, true) then
      sources(path, found)
    end
  end
  return found
end

--- SHA-256 over the program (its first 64 KiB, with the linker's build id), its library and the files that a script
-- was read from: what may give other numbers though the configuration is the same.
function continuation.code_id(files)
  if not program then
    local file = assert(io.open(system.executable(), "rb"))
    program = { host_run.sha256(file:read(65536)) }
    file:close()
    sources(MOONLAB_ROOT .. "/stdlib", program)
  end
  local parts = { table.concat(program) }
  for _, file in ipairs(files) do parts[#parts + 1] = host_run.sha256(file.text) end
  return host_run.sha256(table.concat(parts))
end

--- config_hash -> { id, code_id } of the latest finished run.
function continuation.finished(store)
  local by_hash = {}
  for _, entry in ipairs(host_run.list(store)) do
    if entry.status == "done" then
      local readable, meta = pcall(function() return host_run.open(store, entry.id):meta() end)
      if readable and meta.config_hash then by_hash[meta.config_hash] = { id = entry.id, code_id = meta.code_id } end
    end
  end
  return by_hash
end

-- The final metrics of a run, { key, value } each; nil where it has none. A file keeps keys in the order in which they
-- were measured only in `final_keys`.
local function final_metrics(run)
  local records = run:metrics()
  local last = records[#records]
  if not last or not last.final or not last.final_keys then return nil end
  local metrics = {}
  for i, key in ipairs(last.final_keys) do metrics[i] = { key, last[key] or 0 / 0 } end
  return metrics
end

--- What is there of a list of trials.
-- @param evaluate function(trial) -> the evaluated experiment, or nil where its script is wrong (the trial will say so)
-- @return { [i] = { code = 0, metrics, run, seconds, label } } as trials.run gives, and how many of them came from
--   other code than this
function continuation.done(store, trials, evaluate)
  local results, other_code, by_hash = {}, 0, continuation.finished(store)
  if next(by_hash) == nil then return results, 0 end
  for i, trial in ipairs(trials) do
    local result = evaluate(trial)
    local found = result and by_hash[continuation.config_hash(result)]
    local metrics = found and final_metrics(host_run.open(store, found.id))
    if metrics then
      results[i] = { code = 0, metrics = metrics, run = found.id, label = trial.label, reused = true }
      if found.code_id ~= continuation.code_id(result.files) then other_code = other_code + 1 end
    end
  end
  return results, other_code
end

return continuation
