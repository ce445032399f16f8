--- Constructors of the user's own: declared in a script, or each in a file of the folders beside it.
--
--     scripts/shells.lua              experiment ... head = head.shells {}
--     scripts/head/shells.lua         return schema.declare("head.shells", ...), written as a file of stdlib/head is
--
-- They belong to the evaluation that found them: the next one reads them anew, and the run keeps a copy of the files.

local nearest = require "language.nearest"
local node = require "language.node"
local sessions = require "language.session"
local site = require "language.site"

local user_files = {}

-- "stdlib/head/softmax.lua", or nil where the program has no such constructor.
local function of_the_program(schema, kind)
  local entry = schema.contents()[kind]
  if entry then return "stdlib/" .. (entry.sub and entry.sub .. "/" or "") .. entry.file end
  return schema.registry[kind] and "the program" or nil
end

-- The files of those folders that a run recorded: they may be gone since, or be others.
local function recorded(index, directory, schema)
  for path, text in pairs(site.recorded and site.recorded.files or {}) do
    local folder, sub, file = path:match "^(.-)([^/]+)/([^/]+%.lua)$"
    local known = false
    for _, name in ipairs(schema.folders) do known = known or name == sub end
    if known and folder == directory then
      for kind in text:gmatch 'declare%s*%(?%s*"([%w_]+%.[%w_]+)"' do
        index[kind] = { root = directory, sub = sub, file = file, line = 1 }
      end
    end
  end
end

--- Gives a session
--   beside()          kind -> entry of what the folders beside the script declare
--   find_beside(kind) the constructor declared there, or nil: its file is run as a part of the script
--   declaring(kind)   what is wrong with declaring that, or nil
function user_files.install(session)
  local schema = require "schema"
  local index, running = nil, {}

  function session.beside()
    if index then return index end
    index = schema.beside(session.directory or "")
    recorded(index, session.directory or "", schema)
    for kind, entry in pairs(index) do
      local path = ("%s%s/%s"):format(session.directory or "", entry.sub, entry.file)
      entry.path = path
      local other = of_the_program(schema, kind)
      if other then
        index[kind] = nil
        if site.session == session then
          site.fail({ file = path, line = entry.line }, ("'%s' is declared already, in %s; choose another name"):format(
            node.title(kind), other))
        end
      end
    end
    return index
  end

  function session.find_beside(kind)
    local entry = session.beside()[kind]
    if not entry or running[entry.path] or site.session ~= session then return nil end
    running[entry.path] = true
    local text, problem = sessions.read_file(entry.path)
    if not text then
      site.fail({ file = entry.path }, problem)
      return nil
    end
    local call, within = site.call, session.in_constructor
    session.in_constructor = true
    local done = sessions.run_text(session, entry.path, text)
    site.call, session.in_constructor = call, within
    if not done then session.poisoned = true end
    return session.declared[kind] or not done and site.poison or nil
  end

  function session.declaring(kind)
    if type(kind) ~= "string" then return nil end             -- schema.declare says what it needs
    local sub = kind:match "^([^.]+)%."
    local known = sub == nil
    for _, name in ipairs(schema.folders) do known = known or name == sub end
    if not known then
      return ("declare: '%s' is no folder of constructors%s (%s)"):format(sub,
        nearest.did_you_mean(sub, schema.folders),
        table.concat(schema.folders, ", "))
    end
    local other = of_the_program(schema, kind)
    if other then return ("declare: '%s' is declared already, in %s; choose another name"):format(kind, other) end
    if session.declared[kind] then return ("declare: '%s' is declared twice"):format(kind) end
  end
end

return user_files
