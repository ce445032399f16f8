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
--              metadata_reads = { { kind, name, value } }, trials (of an ablation, see language.trials)
--   errors     list of { file, line, column, message, source }, in the order of the source
-- language.format(errors, options) -> text: "file:line:col: message", the line, a caret; options.plain: messages only
-- language.parse_overrides(list) -> list of { key, raw, restore } | nil, message
-- language.canonical(result [, options]) -> JSON text; { indent = 2 } for reading (config.json)
-- language.hash_input(result) -> the canonical text without display fields: config_hash is its SHA-256
-- language.cell_input(result) -> the same without the seed of training
-- language.trials(result) -> list of { label, row, seed, overrides = { texts }, positions }
-- language.load_file(path) -> what the file returns: for label graphs and other parts of a script. Within an evaluation
--   it belongs to the script (recorded, mistakes collected); outside, mistakes are raised.
-- language.explain(key) -> text about an option, constructor or field path; nil, message

local canonical = require "language.canonical"
local environment = require "language.environment"
local globals = require "language.globals"
local knobs = require "language.knobs"
local nearest = require "language.nearest"
local node = require "language.node"
local overrides = require "language.overrides"
local resolve = require "language.resolve"
local site = require "language.site"
local source = require "source"
local tree = require "language.tree"
local types = require "language.types"

local language = {}

local roots = { experiment = true, sweep = true, ablate = true }

local function read_file(path)
  local file, message = io.open(path, "r")
  if not file then return nil, message end
  local text = file:read "*a"
  file:close()
  return text, not text and path .. ": cannot be read" or nil
end

-- A session is one evaluation: its errors, what it read, its knobs.
local function new_session(options)
  local session = {
    errors = {}, seen = {}, reads = {}, env_reads = {}, files = {}, indexes = {}, knobs = {}, knob_by_name = {},
    overrides = options.overrides or {}, declared = {}, undefined = {}, modules = {},
    quiet = options.quiet,
  }

  --- The place of a word in the line that runs now; as: "field" (the default), "name" or "operator".
  function session.locate(word, as)
    local at = site.caller()
    local index = at and session.indexes[at.file]
    if not index then return at end
    return source.find_word(index, word, at.line, as or "field")
  end
  return session
end

-- Where a message of a running script stands, and the message without its "file:line: ".
local function locate_error(session, message)
  if type(message) == "table" and message.message then return message.position or site.call, message.message end
  message = tostring(message)
  -- The script's innermost line, and whether something that it called failed rather than itself.
  local file, line, outside
  for level = 3, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local path = info.source:match "^@(.*)$"
    if path and session.indexes[path] and info.currentline > 0 then
      file, line, outside = path, info.currentline, level > 3
      break
    end
  end
  local named, named_line, text = message:match "^([^\n]-):(%d+): (.*)$"
  if named and session.indexes[named] then
    file, line, message = named, tonumber(named_line), text
  elseif named and not file then
    return { file = named, line = tonumber(named_line) }, text
  end
  if not file then return nil, message end
  local call = site.call
  if outside and call and call.file == file and call.line == line then return call, message end
  -- "attempt to index upvalue 'settings' (a nil value)": that word, where the line has it.
  local kind, word = message:match "(%l+) '([%w_]+)' %(a "
  if word then
    local as = (kind == "field" or kind == "method") and "field" or "name"
    local found = source.find_word(session.indexes[file], word, line, as)
    if found.column then return found, message end
  end
  return source.find_line(session.indexes[file], line), message
end

-- Calls fn; an error in it is reported where it stands. What follows from something reported already is left out.
local function guarded(session, fn, ...)
  local arguments, count = { ... }, select("#", ...)
  local function run() return fn(unpack(arguments, 1, count)) end
  local position, text
  local done, value = xpcall(run, function(message)
    position, text = locate_error(session, message)
    return message
  end)
  if not done and not session.poisoned then
    site.fail(position, (text or tostring(value)):gsub("%s+$", ""), nil)
  end
  return done, value
end

-- Names that mean nothing, in all branches of the compiled chunk.
local function check_names(session, index, chunk)
  local assigned, used = {}, {}
  globals.visit(chunk, function(name, line, is_assigned)
    if is_assigned then assigned[name] = true else used[#used + 1] = { name, line } end
  end)
  -- Looking a name up may load the file that declares further ones: look all up before judging any.
  for _, use in ipairs(used) do session.lookup(use[1]) end
  local locals = {}
  for i, token in ipairs(index.tokens) do
    local before = index.tokens[i - 1]
    if token.kind == "name" and before and before.text == "local" then locals[#locals + 1] = token.text end
  end
  for _, use in ipairs(used) do
    local name, line = use[1], use[2]
    if not assigned[name] and name ~= "_G" and not name:match "^__%l+$" and session.lookup(name) == nil then
      session.undefined[name], session.poisoned = true, true
      site.fail(source.find_word(index, name, line, "name"), session.unknown(name, locals))
    end
  end
end

-- Compiles and runs the text in the session's environment; true and its value, or false after reporting.
local function run_text(session, name, text)
  local index = source.index(name, text)
  session.indexes[name] = index
  session.files[#session.files + 1] = { path = name, text = text }
  local whole, problem = loadstring(text:gsub("^#", "--"), "@" .. name)
  if not whole then
    local position, message = source.locate_syntax(index, problem)
    site.fail(position, message)
    return false
  end
  local chunk = assert(loadstring(index.code, "@" .. name))
  local hooks = source.hooks(index)
  -- The hooks belong to this file; everything else is shared by the files of the script.
  local env = setmetatable({}, {
    __index = function(_, key) return hooks[key] or session.env[key] end,
    __newindex = function(_, key, value) rawset(session.env, key, value) end,
  })
  setfenv(chunk, env)
  check_names(session, index, chunk)
  return guarded(session, chunk)
end

-- require in a script: files beside it, then modules of the program.
local function make_require(session, directory)
  return function(name)
    if type(name) ~= "string" then error("require takes the name of a module", 2) end
    if session.modules[name] ~= nil then return session.modules[name] end
    local path = directory .. name:gsub("%.", "/") .. ".lua"
    local text = read_file(path)
    if text then
      session.modules[name] = true
      local done, value = run_text(session, path, text)
      if not done then
        session.poisoned = true
        return site.poison
      end
      if value ~= nil then session.modules[name] = value end
      return session.modules[name]
    end
    if package.loaded[name] and not (name == "os" or name == "io" or name == "debug" or name == "package"
        or name == "ffi" or name:match "^jit") then
      return package.loaded[name]
    end
    local own = package.searchpath(name, package.path)
    if own and not name:match "^host%." then return require(name) end
    error(("module '%s' is not found beside the script (looked for %s)"):format(name, path), 2)
  end
end

-- Runs fn within the session; sessions nest (a sweep evaluates its base).
local function within(session, fn)
  local before, call = site.session, site.call
  site.session, site.call = session, nil
  local done, value = xpcall(fn, function(message)
    return type(message) == "table" and message or debug.traceback(tostring(message), 2)
  end)
  site.session, site.call = before, call
  if not done then error(value, 0) end
  return value
end

local function sorted(errors, indexes, first)
  local rank = {}
  for i, mistake in ipairs(errors) do
    rank[mistake] = i
    local index = mistake.file and indexes[mistake.file]
    mistake.source = index and mistake.line and index.lines[mistake.line] or nil
  end
  table.sort(errors, function(a, b)
    if (a.file == nil) ~= (b.file == nil) then return b.file == nil end
    if a.file ~= b.file then
      if a.file == first or b.file == first then return a.file == first end
      return a.file < b.file
    end
    if a.line ~= b.line then return (a.line or 0) < (b.line or 0) end
    if a.column ~= b.column then return (a.column or 0) < (b.column or 0) end
    return rank[a] < rank[b]
  end)
  return errors
end

-- Checks of several options together, for every node of the configuration.
local function check_nodes(root)
  tree.visit(root, function(container, _, _, _, value)
    if container or not node.is(value) then return end
    local done, problem, field = pcall(node.check, value)
    if not done then problem = tostring(problem):gsub("^[^\n]-:%d+: ", "") end
    if problem then
      local record = site.tables[value.args]
      local position = value.position
      for _, written in ipairs(field and record and record.keys or {}) do
        if written.key == field then position = written end
      end
      site.fail(position, node.title(value.kind) .. ": " .. problem)
    end
  end)
end

-- Functions must have a text, or two configurations that differ would look the same.
local function check_functions(session, root)
  local done, problem = pcall(canonical.text, root, { session = session })
  if done then return end
  if type(problem) ~= "table" then error(problem, 0) end
  local where = problem.fn and site.functions[problem.fn]
  local position = where and { file = where.source.name, line = where.line, column = where.column } or root.position
  site.fail(position, (problem.fn and "this function cannot be written into the configuration: " or "") .. problem.problem)
end

-- seed and device reach the experiment unless its own table says otherwise; an override always does.
local function reserved_fields(session, root)
  local field = root.kind == "experiment" and root.declaration.spec.by_name.train
  local spec = field and field.type.spec
  local train = root.args.train
  if not (spec and type(train) == "table") then return end
  for _, name in ipairs { "seed", "device" } do
    local knob = session.knob_by_name[name]
    local overridden = false
    for _, override in ipairs(session.overrides) do
      overridden = overridden or override.key == name and not override.restore
    end
    local written = site.tables[train]
    local given = false
    for _, key in ipairs(written and written.keys or {}) do given = given or key.key == name end
    if spec.by_name[name] and (overridden or not given) then
      train[name] = knob.value
      if types.deferred[train] then types.deferred[train][name] = nil end
    end
  end
end

local function finish(session, root)
  reserved_fields(session, root)
  local has_base = root.kind ~= "experiment"
  for _, override in ipairs(session.overrides) do
    local first = override.key:match "^[^.%[]+"
    if not override.used and not (has_base and not root.declaration.spec.by_name[first]) then
      override.used = true
      overrides.apply(session, root, override)
    end
  end
  resolve.all(root, function(fn, ...) return guarded(session, fn, ...) end)
  if #session.errors == 0 then check_nodes(root) end
  if #session.errors == 0 then check_functions(session, root) end
end

local function describe_result(session, root, script_overrides)
  local result = { kind = root.kind, node = root, name = root.args.name, session = session, knobs = {}, overrides = {},
                   files = session.files, env_reads = session.env_reads, metadata_reads = {},
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

-- Everything that was given must have been taken by something: a knob, or a field of the configuration.
local function check_unused(session, root)
  for _, override in ipairs(session.overrides) do
    if not override.used then
      if root and root ~= site.poison then
        overrides.apply(session, root, override)
      end
    end
  end
end

local evaluate

-- The experiment that a sweep or an ablation varies, under the session's overrides.
local function base_of(session, root, directory)
  local base = root.args.base
  if type(base) == "string" then
    local path = base:match "^/" and base or directory .. base
    local given = {}
    for _, override in ipairs(session.overrides) do
      if not root.declaration.spec.by_name[override.key:match "^[^.%[]+"] then
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
    for _, file in ipairs(result.files) do session.files[#session.files + 1] = file end
    return result.node, result
  end
  local done, made = guarded(session, base, knobs.proxy(session))
  if not done or made == site.poison then return nil end
  if not (node.is(made) and made.kind == "experiment") then
    local where = site.functions[base]
    site.fail(where and { file = where.source.name, line = where.line, column = where.column } or root.position,
      ("the base must return an experiment, got %s"):format(types.describe(made)))
    return nil
  end
  return made
end

function evaluate(script, given, options)
  options = options or {}
  local name, text = script, nil
  if type(script) == "table" then
    name, text = script.name, script.text
  else
    local problem
    text, problem = read_file(script)
    if not text then return nil, { { message = problem } } end
  end
  local parsed, problem = overrides.parse(given)
  if not parsed then return nil, { { message = problem } } end
  for _, override in ipairs(parsed) do
    override.position = override.position or options.positions and options.positions[override.key]
  end

  local session = new_session { overrides = parsed, quiet = options.quiet }
  if options.indexes then session.indexes = setmetatable({}, { __index = options.indexes }) end
  local directory = name:match "^(.*/)" or ""
  session.require = make_require(session, directory)
  local result = within(session, function()
    session.env = environment.create(session)
    knobs.reserve(session)
    local done, root = run_text(session, name, text)
    if not done or root == site.poison then return nil end
    if options.any then return { value = root, session = session, files = session.files } end
    if not (node.is(root) and roots[root.kind]) then
      if not session.poisoned then
        local got = root == nil and "nothing" or types.describe(root)
        site.fail(source.find_end(session.indexes[name]), ("the script must return an experiment, a sweep or an ablate, it returned %s")
          :format(got))
      end
      return nil
    end
    local nested
    if root.kind ~= "experiment" and options.base then
      root, nested = base_of(session, root, directory)
      if not root then return nil end
    end
    if nested then return nested end
    finish(session, root)
    local made = describe_result(session, root, parsed)
    made.directory, made.script = directory, { name = name, text = text }
    if root.kind ~= "experiment" then
      -- What is no field of the sweep goes to its base; a trial run shows whether it fits there.
      made.passed = {}
      for _, override in ipairs(parsed) do
        if override.used ~= true or override.key and not root.declaration.spec.by_name[override.key:match "^[^.%[]+"] then
          override.used = true
          made.passed[#made.passed + 1] = override
        end
      end
      if root.kind == "ablate" and options.trials ~= false then
        language.check_trials(made)
      end
    end
    check_unused(session, root)
    return made
  end)
  if #session.errors > 0 then
    if options.nested then
      for path, index in pairs(session.indexes) do options.indexes[path] = index end
    end
    return nil, sorted(session.errors, session.indexes, name)
  end
  return result
end

language.evaluate = function(script, given, options) return evaluate(script, given, options) end

-- Trials -------------------------------------------------------------------------------------------------------------

local function override_text(key, value)
  if type(value) == "number" then return key .. "=" .. require("language.order").number(value) end
  if type(value) == "string" and value:find(",", 1, true) then value = '"' .. value .. '"' end
  return key .. "=" .. tostring(value)
end

--- The trials of an ablation: every row with the first seed, then with the second, so that a table fills evenly.
function language.trials(result)
  local order = require "language.order"
  local list = {}
  local args = result.node.args
  for _, seed in ipairs(args.seeds or { result.seed }) do
    for r, row in ipairs(args.rows or {}) do
      local trial = { label = row.label, row = r, seed = seed, overrides = {}, positions = {} }
      for _, override in ipairs(result.passed or {}) do trial.overrides[#trial.overrides + 1] = override.text end
      for _, key in ipairs(order.keys(row.changes)) do
        local value = row.changes[key]
        -- A value of another type was reported when the row was read.
        local plain = type(value) == "number" or type(value) == "string" or type(value) == "boolean"
        if plain then trial.overrides[#trial.overrides + 1] = override_text(key, value) end
        trial.positions[key] = order.key_position(row.changes, key)
      end
      trial.overrides[#trial.overrides + 1] = override_text("seed", seed)
      list[#list + 1] = trial
    end
  end
  return list
end

--- Evaluates each row once and reports its mistakes at the row's keys. Part of evaluate.
function language.check_trials(result)
  local session, checked = site.session, {}
  for _, trial in ipairs(language.trials(result)) do
    if not checked[trial.row] then
      checked[trial.row] = true
      local experiment, errors = evaluate(result.script, trial.overrides,
        { base = true, positions = trial.positions, quiet = true })
      for _, mistake in ipairs(not experiment and errors or {}) do
        if mistake.source and mistake.file and not session.indexes[mistake.file] then
          session.indexes[mistake.file] = { lines = { [mistake.line] = mistake.source } }
        end
        site.fail(mistake.file and mistake or nil, mistake.message)
      end
    end
  end
end

-- Texts ----------------------------------------------------------------------------------------------------------------

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

--- Errors as a person reads them: each with its line and a caret below the place.
function language.format(errors, options)
  local parts = {}
  for _, mistake in ipairs(errors) do
    parts[#parts + 1] = site.prefix(mistake) .. mistake.message
    if mistake.source and not (options and options.plain) then
      local line = mistake.source:gsub("\t", " ")
      parts[#parts + 1] = "  " .. line
      if mistake.column then
        -- Columns count bytes; the caret stands below the character.
        local before = line:sub(1, mistake.column - 1):gsub("[\128-\191]", "")
        parts[#parts + 1] = "  " .. (" "):rep(#before) .. "^"
      end
    end
  end
  return table.concat(parts, "\n")
end

function language.load_file(path)
  local text, problem = read_file(path)
  if not text then error(problem, 0) end
  local session = site.session
  if session then
    local done, value = run_text(session, path, text)
    if done then return value end
    session.poisoned = true
    return site.poison
  end
  local result, errors = evaluate({ name = path, text = text }, nil, { any = true })
  if not result then error(language.format(errors, { plain = true }), 0) end
  return result.value
end

--- What an option, a constructor or a path such as "train.epochs" is: text, or nil and what is near.
function language.explain(key)
  return require("help").explain(key)
end

return language
