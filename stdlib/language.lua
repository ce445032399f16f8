--- The experiment language: evaluates a script to a configuration that is resolved and checked, with every mistake
-- in it located.
--
--     local language = require "language"
--     local result, errors = language.evaluate("scripts/lwal.lua", { "lr=1e-3", "~optim.weight_decay" })
--     if not result then io.stderr:write(language.format(errors), "\n") os.exit(2) end
--     local trainer = result.node:build(context)
--
-- language.evaluate(script, overrides, options) -> result | nil, errors
--   script     a path, or { name = "x.lua", text = "..." }
--   overrides  a list of texts { "alpha=0.7", "optim.lr=1e-3", "~key" } or a table { alpha = 0.7 }
--   options    base = true: of a sweep or an ablation evaluate the experiment it varies (what one trial runs);
--              trials = false: do not evaluate every trial of an ablation to check it;
--              positions = { key = position } of overrides that come from a row; any = true: any value may be returned
--   result     kind ("experiment", "sweep", "ablate"), node (inert, resolved), name, seed, device,
--              knobs = { { name, value, default, doc } } in written order, overrides = { texts },
--              files = { { path, text } } (the script and what it required), env_reads = { { name, value } },
--              metadata_reads = { { kind, name, value } }, trials (of an ablation, see language.trials),
--              warnings (as errors: former names that were used)
--   errors     list of { file, line, column, message, source }, in the order of the source
-- language.format(errors, options) -> text: "file:line:col: message", the line, a caret; options.plain: messages only
-- language.parse_overrides(list) -> list of { key, raw, restore } | nil, message
-- language.canonical(result [, options]) -> JSON text; { indent = 2 } for reading (config.json)
-- language.hash_input(result) -> the canonical text without display fields: config_hash is its SHA-256
-- language.cell_input(result) -> the same without the seed of training
-- language.trials(result) -> list of { label, row, seed, overrides = { texts }, positions }
-- language.load_file(path) -> what the file returns: for label graphs and other parts of a script. Within an evaluation
--   it belongs to the script (recorded, mistakes collected); outside, mistakes are raised.
-- language.build(result, context) -> what result.node builds
-- language.explain(key) -> text about an option, constructor or field path; nil, message

local canonical = require "language.canonical"
local completion = require "language.completion"
local environment = require "language.environment"
local knobs = require "language.knobs"
local mistakes = require "language.mistakes"
local node = require "language.node"
local overrides = require "language.overrides"
local sessions = require "language.session"
local site = require "language.site"
local source = require "source"
local trials = require "language.trials"
local types = require "language.types"

local language = {}

local roots = { experiment = true, sweep = true, ablate = true }

local function describe_result(session, root, script_overrides)
  local result = { kind = root.kind, node = root, name = root.args.name, session = session, knobs = {}, overrides = {},
                   files = session.files, env_reads = session.env_reads, metadata_reads = {},
                   warnings = session.warnings,
                   seed = session.knob_by_name.seed.value, device = session.knob_by_name.device.value }
  local train = root.kind == "experiment" and root.args.train
  if type(train) == "table" then
    if train.seed ~= nil then result.seed = train.seed end
    if train.device ~= nil then result.device = train.device end
  end
  for _, knob in ipairs(session.knobs) do
    if not knob.reserved then
      result.knobs[#result.knobs + 1] = { name = knob.name, value = knob.value, default = knob.default, doc = knob.doc }
    end
  end
  for i, override in ipairs(script_overrides) do result.overrides[i] = override.text end
  for i, read in ipairs(session.reads) do
    result.metadata_reads[i] = { kind = read.node.kind, name = read.name, value = read.value }
  end
  return result
end

local evaluate

function evaluate(script, given, options)
  options = options or {}
  local name, text = script, nil
  if type(script) == "table" then
    name, text = script.name, script.text
  else
    local problem
    text, problem = sessions.read_file(script)
    if not text then return nil, { { message = problem } } end
  end
  local parsed, problem = overrides.parse(given)
  if not parsed then return nil, { { message = problem } } end
  for _, override in ipairs(parsed) do
    override.position = override.position or options.positions and options.positions[override.key]
  end

  local session = sessions.new { overrides = parsed, quiet = options.quiet }
  if options.indexes then session.indexes = setmetatable({}, { __index = options.indexes }) end
  local directory = name:match "^(.*/)" or ""
  session.require, session.directory = sessions.require(session, directory), directory
  -- Tensors that a script draws are the same each time it is evaluated, and nothing is drawn from the caller's stream.
  local state = torch.get_rng_state()
  torch.manual_seed(0)
  local result = sessions.within(session, function()
    session.env = environment.create(session)
    knobs.reserve(session)
    local done, root = sessions.run_text(session, name, text)
    if not done or root == site.poison then return nil end
    if options.any then return { value = root, session = session, files = session.files } end
    if not (node.is(root) and roots[root.kind]) then
      if not session.poisoned then
        local got = root == nil and "nothing" or types.describe(root)
        site.fail(source.find_end(session.indexes[name]),
          ("the script must return an experiment, a sweep or an ablate, it returned %s"):format(got))
      end
      return nil
    end
    local nested
    if root.kind ~= "experiment" and options.base then
      root, nested = trials.base(session, root, directory, evaluate)
      if not root then return nil end
    end
    if nested then return nested end
    completion.run(session, root)
    local made = describe_result(session, root, parsed)
    made.directory, made.script = directory, { name = name, text = text }
    if root.kind ~= "experiment" then
      -- What is no field of the sweep goes to its base; a trial run shows whether it fits there.
      made.passed = {}
      for _, override in ipairs(parsed) do
        local own = root.declaration.spec.by_name[override.key:match "^[^.%[]+"]
        if override.knob or not own then made.passed[#made.passed + 1] = override end
      end
      if root.kind == "ablate" and options.trials ~= false then
        trials.check(made, evaluate)
      end
    end
    return made
  end)
  torch.set_rng_state(state)
  mistakes.sort(session.warnings, session.indexes, name)
  if #session.errors > 0 then
    if options.nested then
      for path, index in pairs(session.indexes) do options.indexes[path] = index end
    end
    return nil, mistakes.sort(session.errors, session.indexes, name)
  end
  return result
end

language.evaluate = evaluate
language.trials = trials.list
language.format = mistakes.format

-- Texts ---------------------------------------------------------------------------------------------

function language.canonical(result, options)
  options = options or {}
  return canonical.text(result.node, { indent = options.indent, session = result.session })
end

function language.hash_input(result)
  return canonical.text(result.node, { hash = true, session = result.session })
end

function language.cell_input(result)
  return canonical.text(result.node, { hash = true, without_seed = true, session = result.session })
end

language.parse_overrides = overrides.parse

function language.load_file(path)
  local text, problem = sessions.read_file(path)
  if not text then error(problem, 0) end
  local session = site.session
  if session then
    local done, value = sessions.run_text(session, path, text)
    if done then return value end
    session.poisoned = true
    return site.poison
  end
  local result, errors = evaluate({ name = path, text = text }, nil, { any = true })
  if not result then error(language.format(errors, { plain = true }), 0) end
  return result.value
end

--- Makes an experiment that was written outside of a script final (at the prompt): overrides, seed and device, functions of
-- the configuration, checks. The same result as `evaluate` gives, or nil and the errors.
function language.resolve(root, given)
  local parsed, problem = overrides.parse(given)
  if not parsed then return nil, { { message = problem } } end
  local session = sessions.new { overrides = parsed }
  session.require = sessions.require(session, "")
  local result = sessions.within(session, function()
    session.env = environment.create(session)
    knobs.reserve(session)
    root = node.copy(root)
    completion.run(session, root, true)
    return describe_result(session, root, parsed)
  end)
  if #session.errors > 0 then return nil, mistakes.sort(session.errors, session.indexes) end
  return result
end

--- Builds the node of a result: node:build(context), with what the script declared at hand.
function language.build(result, context)
  return require "schema".with_script(result.session, result.node.build, result.node, context)
end

--- What an option, a constructor or a path such as "train.epochs" is: text, or nil and what is near.
function language.explain(key)
  return require("help").explain(key)
end

return language
