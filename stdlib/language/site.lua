--- Where things stand in the source, and who hears of mistakes: shared by all parts of the language.
--
-- While a script is evaluated `site.session` is set: errors are collected there (all of a script's at once). Outside
-- of an evaluation (an ordinary Lua program, the prompt) an error is raised at once. A position is
-- { file, line, column }, column nil where only the line is known.

local site = {}

--- The evaluation in progress, or nil (language/evaluate.lua).
site.session = nil

--- Table written in a script -> its record in the source index (language/source.lua): file, line, column,
-- keys = { { key, line, column } in written order }, items = { { line, column } }.
site.tables = setmetatable({}, { __mode = "k" })

--- Function written as an expression in a script -> { source, first, last } (tokens of the index).
site.functions = setmetatable({}, { __mode = "k" })

--- Function written as a statement, `local function f(...)` -> the same, and `name`, the token to leave out where its
-- text is to be an expression.
site.named = setmetatable({}, { __mode = "k" })

--- The record of the instrumented call that was made last: file, line, column (of the callee), items.
site.call = nil

--- Stands for the value of something that was already reported; every use of it gives itself, in silence.
site.poison = {}
do
  local function itself() return site.poison end
  local nothing = setmetatable(site.poison, {
    __index = itself, __newindex = function() end, __call = itself, __concat = itself, __unm = itself, __add = itself,
    __sub = itself, __mul = itself, __div = itself, __mod = itself, __pow = itself, __len = function() return 0 end,
    __lt = function() return false end, __le = function() return false end, __tostring = function() return "?" end,
  })
  assert(nothing == site.poison)
end

local here = debug.getinfo(1, "S").source:match "^@(.*)language/site%.lua$" or ""

-- Is this chunk one of the files that make nodes rather than use them?
local function internal(source)
  return source:sub(1, #here + 10) == "@" .. here .. "language/" or source == "@" .. here .. "schema.lua"
    or source == "@" .. here .. "language.lua"
end

--- The line that is running: within an evaluation the script's innermost one, else the nearest one outside of the
-- language's own files.
function site.caller()
  local session = site.session
  local nearest
  for level = 2, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local path = info.source:match "^@(.*)$"
    if info.currentline > 0 then
      if session and path and session.indexes[path] then return { file = path, line = info.currentline } end
      if not nearest and not internal(info.source) then
        nearest = { file = path or info.short_src, line = info.currentline }
      end
    end
  end
  return nearest
end

--- The position of the constructor call in progress: its table of options, else the call itself, else the line.
function site.position(options)
  if not site.session then return site.caller() end
  local record = options and site.tables[options]
  if record and record.call then return record.call end
  return record or site.call or site.caller()
end

--- "file:line:col: " as far as known.
function site.prefix(position)
  if not position or not position.file then return "" end
  if not position.line then return position.file .. ": " end
  if not position.column then return ("%s:%d: "):format(position.file, position.line) end
  return ("%s:%d:%d: "):format(position.file, position.line, position.column)
end

--- Reports a mistake: collected within an evaluation, raised outside.
function site.fail(position, message)
  local session = site.session
  if not session then error(site.prefix(position) .. message, 0) end
  local mistake = { file = position and position.file, line = position and position.line,
                    column = position and position.column, message = message }
  local key = site.prefix(mistake) .. message
  if not session.seen[key] then
    session.seen[key] = true
    session.errors[#session.errors + 1] = mistake
  end
end

--- Says something that is no mistake, once: collected within an evaluation, outside written to standard error.
local said = {}
function site.warn(position, message)
  local session, key = site.session, site.prefix(position) .. message
  local seen = session and session.seen or said
  if seen[key] then return end
  seen[key] = true
  if not session then
    io.stderr:write(site.prefix(position), "warning: ", message, "\n")
  else
    session.warnings[#session.warnings + 1] = { file = position and position.file, line = position and position.line,
      column = position and position.column, message = "warning: " .. message }
  end
end

--- Reports a mistake and gives the value that stands for what it spoilt; what fails from here on may only follow.
function site.spoilt(position, message)
  site.fail(position, message)
  if site.session then site.session.poisoned = true end
  return site.poison
end

return site
