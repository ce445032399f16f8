--- One evaluation: its mistakes, what it read, its knobs; running the script's texts in it.

local globals = require "language.globals"
local site = require "language.site"
local source = require "source"

local session = {}

--- The text of a file, as a run recorded it where one is evaluated again (site.recorded); nil and what is wrong.
function session.read_file(path)
  local recorded = site.recorded and site.recorded.files[path]
  if recorded then return recorded end
  local file, message = io.open(path, "r")
  if not file then return nil, message end
  local text = file:read "*a"
  file:close()
  return text, not text and path .. ": cannot be read" or nil
end

--- A session that has seen nothing yet. errors, warnings: in the order found; indexes: path -> source index; knobs,
-- reads, env_reads, files: what the result records; poisoned: what fails from here on may only follow from a known
-- mistake.
function session.new(options)
  local current = {
    errors = {}, warnings = {}, seen = {}, reads = {}, env_reads = {}, files = {}, indexes = {}, knobs = {},
      knob_by_name = {},
    overrides = options.overrides or {}, declared = {}, undefined = {}, modules = {},
    quiet = options.quiet,
  }

  --- The place of a word in the line that runs now; as: "field" (the default), "name" or "operator".
  function current.locate(word, as)
    local at = site.caller()
    local index = at and current.indexes[at.file]
    if not index then return at end
    return source.find_word(index, word, at.line, as or "field")
  end
  return current
end

-- Where a message of a running script stands, and the message without its "file:line: ".
local function locate_error(current, message)
  if type(message) == "table" and message.message then return message.position or site.call, message.message end
  message = tostring(message)
  -- The script's innermost line, and whether something that it called failed rather than itself.
  local file, line, outside
  for level = 3, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local path = info.source:match "^@(.*)$"
    if path and current.indexes[path] and info.currentline > 0 then
      file, line, outside = path, info.currentline, level > 3
      break
    end
  end
  local named, named_line, text = message:match "^([^\n]-):(%d+): (.*)$"
  if named and current.indexes[named] then
    file, line, message = named, tonumber(named_line), text
  elseif named and not file then
    return { file = named, line = tonumber(named_line) }, text
  end
  if not file then return site.call, message end
  local call = site.call
  if outside and call and call.file == file and call.line == line then return call, message end
  -- "attempt to index upvalue 'settings' (a nil value)": that word, where the line has it.
  local kind, word = message:match "(%l+) '([%w_]+)' %(a "
  if word and message:find("arithmetic on " .. kind .. " '" .. word .. "' (a function value)", 1, true) then
    message = ("%s; a function beside losses is term(%s)"):format(message, word)
  end
  if word then
    local as = (kind == "field" or kind == "method") and "field" or "name"
    local found = source.find_word(current.indexes[file], word, line, as)
    if found.column then return found, message end
  end
  return source.find_line(current.indexes[file], line), message
end

--- Calls fn; an error in it is reported where it stands. What follows from something reported already is left out.
function session.guarded(current, fn, ...)
  local arguments, count = { ... }, select("#", ...)
  local function run() return fn(unpack(arguments, 1, count)) end
  local position, text
  local done, value = xpcall(run, function(message)
    position, text = locate_error(current, message)
    return message
  end)
  if not done and not current.poisoned then
    site.fail(position, ((text or tostring(value)):gsub("%s+$", "")))
  end
  return done, value
end

-- Names that mean nothing, in all branches of the compiled chunk.
local function check_names(current, index, chunk)
  local assigned, used = {}, {}
  globals.visit(chunk, function(name, line, is_assigned)
    if is_assigned then assigned[name] = true else used[#used + 1] = { name, line } end
  end)
  -- Looking a name up may load the file that declares further ones: look all up before judging any.
  for _, use in ipairs(used) do current.lookup(use[1]) end
  local locals = {}
  for i, token in ipairs(index.tokens) do
    local before = index.tokens[i - 1]
    if token.kind == "name" and before and before.text == "local" then locals[#locals + 1] = token.text end
  end
  for _, use in ipairs(used) do
    local name, line = use[1], use[2]
    if not assigned[name] and name ~= "_G" and not name:match "^__%l+$" and current.lookup(name) == nil then
      current.undefined[name], current.poisoned = true, true
      local place = source.find_word(index, name, line, "name")
      local hint = source.colon_key(index, place)
      if not hint and source.written_key(index, "params", name) then
        hint = ("unknown name '%s'; a parameter is read from what params gives: local p = params { ... }, then p.%s")
          :format(name, name)
      end
      site.fail(place, hint or current.unknown(name, locals))
    end
  end
end

--- Compiles and runs the text in the session's environment; true and its value, or false after reporting.
function session.run_text(current, name, text)
  local index = source.index(name, text)
  current.indexes[name] = index
  current.files[#current.files + 1] = { path = name, text = text }
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
    __index = function(_, key) return hooks[key] or current.env[key] end,
    __newindex = function(_, key, value) rawset(current.env, key, value) end,
  })
  setfenv(chunk, env)
  check_names(current, index, chunk)
  return session.guarded(current, chunk)
end

local impure = { os = true, io = true, debug = true, package = true, ffi = true, _G = true, runner = true, trial = true,
                 trials = true, checkpoint = true, run_here = true, safetensors = true }

-- What would change files or draw numbers that nobody fixed, while a script is evaluated. Its functions may use them
-- later, when they are called.
local function refuse(name)
  return function()
    error(("'%s' is not available in a script; a script is a function of its overrides: no clock, no unseeded "
      .. "randomness, "
      .. "no files"):format(name), 2)
  end
end

local impure_functions = { { torch, "save", "torch.save" }, { torch, "seed", "torch.seed" } }

-- Calls fn while those refuse.
local function purely(fn, handler)
  local kept = {}
  for i, entry in ipairs(impure_functions) do
    kept[i] = rawget(entry[1], entry[2])
    rawset(entry[1], entry[2], refuse(entry[3]))
  end
  local done, value = xpcall(fn, handler)
  for i, entry in ipairs(impure_functions) do rawset(entry[1], entry[2], kept[i]) end
  return done, value
end

--- require in a script: files beside it, then modules of the program.
function session.require(current, directory)
  return function(name)
    if type(name) ~= "string" then error("require takes the name of a module", 2) end
    if current.modules[name] ~= nil then return current.modules[name] end
    if name == "schema" then return current.schema end
    local path = directory .. name:gsub("%.", "/") .. ".lua"
    local text = session.read_file(path)
    if text then
      current.modules[name] = true
      local done, value = session.run_text(current, path, text)
      if not done then
        current.poisoned = true
        return site.poison
      end
      if value ~= nil then current.modules[name] = value end
      return current.modules[name]
    end
    -- Files that declare constructors may name what their builders use; so may everything once the evaluation is over.
    local declares = site.session ~= current or current.in_constructor
    if not declares and (impure[name] or name:match "^host%." or name:match "^jit" or name:match "^command") then
      error(("require: '%s' is not available in a script"):format(name), 2)
    end
    if package.loaded[name] then return package.loaded[name] end
    if package.preload[name] or package.searchpath(name, package.path) then return require(name) end
    error(("module '%s' is not found beside the script (looked for %s)"):format(name, path), 2)
  end
end

--- Runs fn within the session; sessions nest (a sweep evaluates its base).
function session.within(current, fn)
  local before, call = site.session, site.call
  site.session, site.call = current, nil
  local function handler(message) return type(message) == "table" and message
    or debug.traceback(tostring(message), 2) end
  local done, value
  if before then done, value = xpcall(fn, handler) else done, value = purely(fn, handler) end
  site.session, site.call = before, call
  if not done then error(value, 0) end
  return value
end

return session
