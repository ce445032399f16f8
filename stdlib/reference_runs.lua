--- Runs of the store to compare a run with: those of its own configuration but for some named parameters, as
-- metric.time_to and metric.error_reduction name them. row_references.lua finds them among the rows of an ablation.
local continuation = require "continuation"
local course = require "course"
local host_run = require "host.run"
local language = require "language"
local learning_curve = require "learning_curve"
local order = require "language.order"

local reference_runs = {}

-- "head=onehot"
local function override(key, value)
  if type(value) == "number" then return key .. "=" .. order.number(value) end
  if type(value) == "string" and value:find(",", 1, true) then value = '"' .. value .. '"' end
  return key .. "=" .. tostring(value)
end

--- Parameters as the command line has them: { "head=onehot" }.
function reference_runs.words(changes)
  local list = {}
  for i, key in ipairs(order.keys(changes)) do list[i] = override(key, changes[key]) end
  return list
end

--- The configuration of a result with some parameters changed: what language.evaluate gives, or nil and what is wrong.
-- @param result what language.evaluate gave (its script is evaluated again)
-- @param overrides it was evaluated with
-- @param changes map of parameters; options by their paths
function reference_runs.changed(result, overrides, changes)
  local list = {}
  for _, text in ipairs(overrides) do
    if changes[text:match "^~?([^=]+)"] == nil then list[#list + 1] = text end
  end
  for _, text in ipairs(reference_runs.words(changes)) do list[#list + 1] = text end
  local found, mistakes = language.evaluate(result.script, list, { base = true, quiet = true })
  if found then return found end
  return nil, (language.format(mistakes, { plain = true }):gsub("\n.*", ""))
end

--- The latest finished run of a configuration (its hash, continuation.config_hash), or nil.
function reference_runs.finished(store, hash)
  local list = host_run.list(store)
  for i = #list, 1, -1 do
    if list[i].status == "done" then
      local readable, run = pcall(host_run.open, store, list[i].id)
      if readable and run:meta().config_hash == hash then return run end
    end
  end
end

--- The value of a key after training, in the records of a run; nil where it has none.
function reference_runs.final(records, key)
  local last = records[#records]
  return last and last.final and last[key] or nil
end

--- The changes that metrics of a configuration ask for: list of { changes, position }.
local function asked(experiment)
  local list = {}
  for _, entry in ipairs(experiment.args.eval.metrics) do
    if course.is(entry) then
      local reach = entry.args.reach
      local changes = entry.args.against or type(reach) == "table" and reach.args.changes
      if changes then list[#list + 1] = { changes = changes, position = entry.position } end
    end
  end
  return list
end

--- What is wrong with the references that a run's metrics name, or nil: said before it is trained.
function reference_runs.problem(result)
  for _, item in ipairs(asked(result.node)) do
    local changed, problem = reference_runs.changed(result, result.overrides, item.changes)
    if not changed then
      local place = item.position
      local where = place and place.line and ("%s:%d:%d: "):format(place.file, place.line, place.column) or ""
      local named = table.concat(reference_runs.words(item.changes), " ")
      return ("%sthe run to compare with, %s: %s"):format(where, named, problem)
    end
  end
end

--- How a run finds others: function(changes, key) -> { curve, final } or nil and why there is none.
-- @param store where runs are kept
-- @param smoke whether it is a smoke run, which is compared with such alone
function reference_runs.finder(store, result, smoke)
  local known = {}
  return function(changes, key)
    if not changes then return nil, "it is told in the table of an ablation; a single run names its reference" end
    local text = table.concat(reference_runs.words(changes), " ")
    if known[text] == nil then
      local changed = reference_runs.changed(result, result.overrides, changes)
      local hash = changed and continuation.config_hash(changed, smoke)
      if hash == continuation.config_hash(result, smoke) then
        known[text] = {} -- this run is the reference itself
      else
        local run = hash and reference_runs.finished(store, hash)
        known[text] = run and { records = run:metrics() }
          or { hint = ("no finished run to compare with in %s; it would be: moonlab run %s%s"):format(store,
            smoke and "--smoke " or "",
            table.concat({ result.script.name, unpack(changed and changed.overrides or {}) }, " ")) }
      end
    end
    local entry = known[text]
    if not entry.records then return nil, entry.hint end
    return { curve = learning_curve.of_records(entry.records, key), final = reference_runs.final(entry.records, key) }
  end
end

return reference_runs
