--- `moonlab data ls|get|check [NAME ...]`: data sets: which there are, what one is, fetching one, whether the files are whole.
local catalogue = require "catalogue"
local system = require "host.system"
local tabulate = require "tabulate"

local function known(names)
  for _, name in ipairs(names) do
    local found = false
    for _, candidate in ipairs(catalogue.names()) do found = found or candidate == name end
    if not found then
      local near = system.nearest(name, catalogue.names())
      io.stderr:write(("moonlab data: unknown data set '%s'%s (%s)\n"):format(name,
        near and ("; did you mean '%s'?"):format(near) or "", table.concat(catalogue.names(), ", ")))
      return false
    end
  end
  return true
end

local actions = {}

local function size(set) return set.folder and ("%.1f MB"):format(set.bytes / 1e6) or "" end

local function place(set)
  if set.folder then return set.folder end
  return set.download and ("not here; `get` fetches %s"):format(set.download) or "not here, and nowhere to fetch it from"
end

-- All sets in a table; of those that are named, what they are and where.
function actions.ls(names)
  local rows, wanted = {}, {}
  for _, name in ipairs(names) do wanted[name] = true end
  for _, set in ipairs(catalogue.list()) do
    if wanted[set.name] then
      print(("%s: %s\n  %s\n  files: %s"):format(set.name, set.about,
        set.folder and place(set) .. ", " .. size(set) or place(set), set.files))
    end
    rows[#rows + 1] = { set.name, size(set), place(set) }
  end
  if #names == 0 then print(tabulate.text({ "name", "size", "folder" }, rows, "lrl")) end
  return 0
end

function actions.get(names)
  for _, name in ipairs(names) do
    local folder, reason = catalogue.get(name, true)
    if not folder then
      io.stderr:write("moonlab data: ", reason, "\n")
      return 1
    end
    print(("%s is in %s"):format(name, folder))
  end
  return 0
end

function actions.check(names)
  local code = 0
  for _, name in ipairs(names) do
    local wrong, reason = catalogue.check(name)
    if not wrong then
      print(("%s: %s"):format(name, reason))
      code = 1
    elseif #wrong == 0 then
      print(name .. ": whole")
    else
      for _, line in ipairs(wrong) do print(("%s: %s"):format(name, line)) end
      code = 1
    end
  end
  return code
end

return {
  usage = "ls [NAME ...] | get NAME ... | check [NAME ...]",
  summary = "data sets: list them, fetch one, check its files",
  help = "  $MOONLAB_DATA holds folders of data sets, separated by ':'; what is\n  fetched lies in the cache folder.",
  flags = {},
  main = function(_, args)
    local action = actions[args[1] or "ls"]
    if not action then
      io.stderr:write(("moonlab data: unknown word '%s' (ls, get, check)\n"):format(args[1]))
      return 2
    end
    local names = { unpack(args, 2) }
    if not known(names) then return 2 end
    if args[1] == "get" and #names == 0 then
      io.stderr:write "moonlab data get: which data set? moonlab data ls lists them\n"
      return 2
    end
    if args[1] == "check" and #names == 0 then names = catalogue.names() end
    return action(names)
  end,
}
