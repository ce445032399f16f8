--- The trials of an ablation, and what one trial runs.

local knobs = require "language.knobs"
local node = require "language.node"
local order = require "language.order"
local sessions = require "language.session"
local site = require "language.site"
local types = require "language.types"

local trials = {}

--- The experiment that a sweep or an ablation varies, under the session's overrides.
function trials.base(session, root, directory, evaluate)
  local base = root.args.base
  if type(base) == "string" then
    local path = base:match "^/" and base or directory .. base
    local given = {}
    for _, override in ipairs(session.overrides) do
      local ours = override.knob and override.key ~= "seed" and override.key ~= "device"
      if not ours and not root.declaration.spec.by_name[override.key:match "^[^.%[]+"] then
        override.used = true
        local copy = {}
        for key, value in pairs(override) do copy[key] = value end
        copy.used = nil
        given[#given + 1] = copy
      end
    end
    local result, errors = evaluate(path, given, { nested = true, quiet = true, indexes = session.indexes })
    if not result then
      for _, mistake in ipairs(errors) do
        site.fail(mistake.file and mistake or root.position, mistake.message)
      end
      return nil
    end
    -- The run goes back to both scripts.
    for _, file in ipairs(result.files) do session.files[#session.files + 1] = file end
    for _, read in ipairs(result.env_reads) do session.env_reads[#session.env_reads + 1] = read end
    result.files, result.env_reads = session.files, session.env_reads
    trials.pass_on(result)
    return result.node, result
  end
  local done, made = sessions.guarded(session, base, knobs.proxy(session))
  if not done or made == site.poison then return nil end
  if not (node.is(made) and made.kind == "experiment") then
    local where = site.functions[base]
    site.fail(where and { file = where.source.name, line = where.line, column = where.column } or root.position,
      ("the base must return an experiment, got %s"):format(types.describe(made)))
    return nil
  end
  return made
end

local function override_text(key, value)
  if type(value) == "number" then return key .. "=" .. order.number(value) end
  if type(value) == "string" and value:find(",", 1, true) then value = '"' .. value .. '"' end
  return key .. "=" .. tostring(value)
end

--- The trials of an ablation: every row with the first seed, then with the second, so that a table fills evenly.
function trials.list(result)
  local list = {}
  local args = result.node.args
  for _, seed in ipairs(args.seeds or { result.seed }) do
    for r, row in ipairs(args.rows or {}) do
      -- A row or a value of another type was reported when it was read; the rest is still checked.
      local changes = type(row) == "table" and row.changes or {}
      local trial = { label = type(row) == "table" and row.label or nil, row = r, seed = seed, overrides = {},
        positions = {} }
      for _, override in ipairs(result.passed or {}) do trial.overrides[#trial.overrides + 1] = override.text end
      for _, key in ipairs(order.keys(changes)) do
        local value = changes[key]
        local plain = type(value) == "number" or type(value) == "string" or type(value) == "boolean"
        if plain then trial.overrides[#trial.overrides + 1] = override_text(key, value) end
        trial.positions[key] = order.key_position(changes, key)
      end
      trial.overrides[#trial.overrides + 1] = override_text("seed", seed)
      list[#list + 1] = trial
    end
  end
  return list
end

--- What an inner evaluation has to say that is no mistake is said by the outer one.
function trials.pass_on(result)
  for _, warning in ipairs(result and result.warnings or {}) do
    site.warn(warning, (warning.message:gsub("^warning: ", "")))
  end
end

--- Evaluates each row once and reports its mistakes at the row's keys. The script is evaluated again
-- for each, as a trial would, so that what a row changes is checked by what it changes.
function trials.check(result, evaluate)
  local session, checked = site.session, {}
  for _, trial in ipairs(trials.list(result)) do
    if not checked[trial.row] then
      checked[trial.row] = true
      local experiment, errors = evaluate(result.script, trial.overrides,
        { base = true, positions = trial.positions, quiet = true })
      trials.pass_on(experiment)
      for _, mistake in ipairs(not experiment and errors or {}) do
        if mistake.source and mistake.file and not session.indexes[mistake.file] then
          session.indexes[mistake.file] = { lines = { [mistake.line] = mistake.source } }
        end
        site.fail(mistake.file and mistake or nil, mistake.message)
      end
    end
  end
end

return trials
