--- What a sweep's directory says: STORE/sweeps/ID/{sweep.json, journal.log, claims/}. sweep.json is what was asked for,
-- replaced whole when that grows; the journal is what became of it.
local canonical = require "language.canonical"
local host_run = require "host.run"
local journal = require "sweep.journal"
local nearest = require "language.nearest"
local system = require "host.system"

local record = {}

--- The directory of a plan: the same for the same script under the same arguments, so that running it again goes on,
-- and for an experiment swept from the command line the same while its axes have the same names.
function record.directory(store, plan)
  local parts = { system.absolute(plan.result.script.name) or plan.result.script.name, plan.smoke and "smoke" or "" }
  for _, text in ipairs(plan.passed) do parts[#parts + 1] = text end
  if plan.result.kind ~= "sweep" then
    for _, axis in ipairs(plan.axes) do parts[#parts + 1] = axis.key end
  end
  local slug = plan.name:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  local hash = host_run.sha256(table.concat(parts, "\n"))
  local id = ("%s%s-%s"):format(slug, plan.smoke and "-smoke" or "", hash:sub(1, 6))
  return store .. "/sweeps/" .. id, id
end

-- What of a report's node is written down: tables; plots are drawn once, when the sweep ends.
local function plain_report(plan)
  local list = {}
  for _, node in ipairs(plan.args.report) do
    if node.kind == "tabulate" then
      local cell = node.args.cell
      local own = {}
      for key, value in pairs(node.args) do own[key] = value end
      own.cell = type(cell) == "string" and { metric = cell, digits = 3, interval = false, scale = 1 } or cell.args
      list[#list + 1] = own
    end
  end
  return list
end

local function axis_values(axis)
  local values = {}
  for i, value in ipairs(axis.values) do values[i] = value end
  return values
end

--- Writes sweep.json.
function record.write(directory, plan, extra)
  local axes, space, cells = {}, {}, {}
  for i, axis in ipairs(plan.axes) do axes[i] = { key = axis.key, values = axis_values(axis) } end
  for i, axis in ipairs(plan.space) do space[i] = axis.key end
  local ordered = { unpack(plan.cells) }
  table.sort(ordered, function(a, b)
    if a.group ~= b.group then return a.group < b.group end
    return (a.point or 0) < (b.point or 0)
  end)
  for i, cell in ipairs(ordered) do
    local trials = {}
    for k, trial in ipairs(cell.trials) do
      trials[k] = { number = trial.number, seed = trial.seed, hash = trial.hash, overrides = trial.overrides }
    end
    cells[i] = { label = cell.label, values = cell.values, params = cell.params, trials = trials }
  end
  local text = canonical.text({
    name = plan.name, script = plan.result.script.name, file = plan.file, folder = system.working_folder(),
    arguments = plan.passed, overrides = plan.result.overrides, smoke = plan.smoke or false,
    axes = axes, space = space, seeds = plan.seeds, cells = cells,
    metrics = plan.args.metrics or {}, report = plain_report(plan), rungs = extra.rungs,
  }, { indent = 2 })
  local written, problem = system.write_atomic(directory .. "/sweep.json", text .. "\n")
  if not written then error(problem, 0) end
end

--- sweep.json as a table. Errors: there is none.
function record.read(directory)
  local file, problem = io.open(directory .. "/sweep.json")
  if not file then error(problem, 0) end
  local text = file:read "*a"
  file:close()
  return system.json(text)
end

--- What the journal says: { trials = { [hash] = { state, run, epoch, batch, code, reason, mark, readings } },
-- verdicts = list of { rule, cell, epoch, word }, points = { [group] = { [index] = { texts } } } }.
-- `fold` is what an earlier call gave: events since then are added to it.
function record.fold(events, fold)
  fold = fold or { trials = {}, verdicts = {}, points = {} }
  local function of(hash)
    fold.trials[hash] = fold.trials[hash] or { readings = {} }
    return fold.trials[hash]
  end
  for _, event in ipairs(events) do
    local what, about = event[2], event[3]
    if what == "fresh" then
      fold.trials, fold.verdicts, fold.points = {}, {}, {}
    elseif what == "start" then
      local trial = of(about)
      trial.mark = { pid = tonumber(event[4]), began = event[5], boot = event[6], host = event[7] }
      trial.state = "running"
    elseif what == "done" then
      local trial = of(about)
      trial.state, trial.run = "done", event[4]
    elseif what == "failed" then
      local trial = of(about)
      trial.state, trial.code, trial.reason = "failed", tonumber(event[4]), event[5]
    elseif what == "pruned" then
      local trial = of(about)
      trial.state, trial.epoch, trial.run = "pruned", tonumber(event[4]), event[5]
    elseif what == "paused" then
      local trial = of(about)
      trial.state, trial.epoch = "paused", tonumber(event[4])
    elseif what == "halved" then
      of(about).batch = tonumber(event[4])
    elseif what == "reading" then
      of(about).readings[tonumber(event[4]) or 0] = tonumber(event[5])
    elseif what == "verdict" then
      table.insert(fold.verdicts, { rule = about, cell = event[4], epoch = tonumber(event[5]), word = event[6] })
    elseif what == "point" then
      local group, index = tonumber(about), tonumber(event[4])
      fold.points[group] = fold.points[group] or {}
      fold.points[group][index] = { unpack(event, 5) }
    end
  end
  return fold
end

--- The directory of a sweep by its id, by the beginning of one, or "last". Errors: none (with the nearest), several.
function record.find(store, word)
  local folder = store .. "/sweeps"
  local ids, found = {}, {}
  for _, id in ipairs(system.list(folder) or {}) do
    if system.stat(folder .. "/" .. id .. "/sweep.json") then ids[#ids + 1] = id end
  end
  if word == "last" then
    local latest = -1
    for _, id in ipairs(ids) do
      local stat = system.stat(folder .. "/" .. id .. "/journal.log") or { modified = 0 }
      if stat.modified > latest then latest, found = stat.modified, { id } end
    end
  else
    for _, id in ipairs(ids) do
      if id == word then return folder .. "/" .. id, id end
      if word ~= "" and (id:sub(1, #word) == word or id:gsub("%-%x+$", "") == word) then found[#found + 1] = id end
    end
  end
  if #found == 1 then return folder .. "/" .. found[1], found[1] end
  if #found > 1 then error(("'%s' may be any of %s"):format(word, table.concat(found, ", ")), 0) end
  if #ids == 0 then error("no sweeps in " .. store, 0) end
  error(("no sweep '%s' in %s%s (%s)"):format(word, store, nearest.did_you_mean(word, ids), table.concat(ids, ", ")), 0)
end

--- What became of a sweep, as journal and runs say:
-- { spec = sweep.json, cells = { { label, values, params, pruned = epoch or nil, trials = { { seed, state, run, values
-- = { [key] = number }, keys = in order, batch, reason } } } }, keys = all metric keys in the order in which they came
-- }
function record.results(directory, store)
  local spec = record.read(directory)
  local fold = record.fold(journal.open(directory):read())
  local results = { spec = spec, cells = {}, keys = {}, directory = directory }
  local known = {}
  for c, cell in ipairs(spec.cells) do
    local made = { label = cell.label, values = cell.values, params = cell.params, trials = {} }
    for i, trial in ipairs(cell.trials) do
      local found = fold.trials[trial.hash] or {}
      local one = { seed = trial.seed, number = trial.number, state = found.state or "missing", run = found.run,
                    batch = found.batch, reason = found.reason, code = found.code, epoch = found.epoch,
                    values = {}, keys = {} }
      if found.state == "pruned" then made.pruned = math.max(made.pruned or 0, found.epoch or 0) end
      if found.state == "done" then
        local opened, run = pcall(host_run.open, store, found.run)
        if opened then
          one.records = run:metrics()
          one.values, one.keys = record.last_values(one.records)
        else
          one.state, one.reason = "missing", "its run is no longer in the store"
        end
      end
      for _, key in ipairs(one.keys) do
        if not known[key] then
          known[key] = true
          results.keys[#results.keys + 1] = key
        end
      end
      made.trials[i] = one
    end
    results.cells[c] = made
  end
  return results
end

local bookkeeping = { epoch = true, step = true, seconds = true, samples = true }

--- The last value of every metric in the records of a run, nan where the last evaluation had none; and the keys of that
-- evaluation, in its order.
function record.last_values(records)
  local values, keys = {}, {}
  for _, entry in ipairs(records) do
    for key, value in pairs(entry) do
      if type(value) == "number" and not bookkeeping[key] then values[key] = value end
    end
  end
  local last = records[#records]
  for i, key in ipairs(last and last.final and last.final_keys or {}) do
    values[key], keys[i] = type(last[key]) == "number" and last[key] or 0 / 0, key
  end
  return values, keys
end

return record
