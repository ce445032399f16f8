--- Commands: `moonlab NAME ...` runs stdlib/command/NAME.lua. The folder is the list: a command is there when its file is.
--
-- A command's module returns a table:
--     usage    "FILE [key=value ...]", what follows the name
--     summary  one line for the list of commands
--     help     more lines for `moonlab help NAME` (optional)
--     flags    what may stand among the words (optional): { "--json", "-o --output FILE", "--jobs N", "--theme light|dark" }.
--              What follows the names of a flag is its value: N a whole number from 1, X a number above 0, a|b|c one of
--              them, any other word a text. Where given, any other word that starts with - is an error
--     internal flags of the same form that only other parts of the program give; help and messages are silent about them
--     on_interrupt  "finish" where the first Ctrl-C lets a step finish and saves (run, sweep); otherwise it stops at once
--     main     function(args, options): the words as a list, and as command_line.read has read them where there are
--              flags; returns the exit code (nothing: 0)
--
-- Exit codes: 0 done, 1 failed, 2 a bad script, override or command line, 3 diverged, 4 out of memory, 5 some trials
-- failed, 75 interrupted with everything saved, 130 and 143 ended by a signal.

local system = require "host.system"

local command_line = {}

local folder = MOONLAB_ROOT .. "/stdlib/command"

--- The names of all commands, sorted.
function command_line.names()
  local names = {}
  for _, file in ipairs(system.list(folder) or {}) do names[#names + 1] = file:match "^([%w_]+)%.lua$" end
  return names
end

--- The module of a command.
function command_line.load(name) return require("command." .. name) end

--- Writes "moonlab NAME: message" to the errors; returns `code`, 2 where absent.
function command_line.complain(name, message, code)
  io.stderr:write("moonlab ", name, ": ", message, "\n")
  return code or 2
end

local function did_you_mean(word, candidates)
  local name = system.nearest(word, candidates)
  return name and ("; did you mean '%s'?"):format(name) or ""
end

--- Prints "unknown command" with the nearest one; returns exit code 2.
function command_line.unknown(name)
  local names = command_line.names()
  local hint = did_you_mean(name, names)
  if hint == "" and system.stat(name .. ".lua") then hint = ("; did you mean 'moonlab %s.lua'?"):format(name) end
  io.stderr:write(("moonlab: unknown command '%s'%s (%s)\n"):format(name, hint, table.concat(names, ", ")))
  return 2
end

--- What went wrong, without the place in our own files where that was noticed.
function command_line.reason(failure)
  local text = type(failure) == "table" and failure.message or failure
  return (tostring(text):gsub("\ncalled from\n.*$", ""):gsub("^[^\n:]*%.lua:%d+: ", ""))
end

--- Runs f(...): true and what it gives, or false and the exit code after saying what went wrong (1, or `code`).
function command_line.attempt(name, code, f, ...)
  local done, result = pcall(f, ...)
  if done then return true, result end
  return false, command_line.complain(name, command_line.reason(result), code or 1)
end

-- "-o --output FILE" as { names = { "-o", "--output" }, key = "output", value = "FILE" }
local function declared(text)
  local flag = { names = {} }
  for word in text:gmatch "%S+" do
    if word:sub(1, 1) == "-" then flag.names[#flag.names + 1] = word else flag.value = word end
  end
  flag.key = flag.names[#flag.names]:gsub("^%-+", ""):gsub("%-", "_")
  return flag
end

-- The value of a flag, or nil and what was expected.
local function value_of(flag, text)
  if flag.value == "N" then
    local number = tonumber(text)
    if number and number >= 1 and number == math.floor(number) then return number end
    return nil, "a whole number from 1"
  elseif flag.value == "X" then
    local number = tonumber(text)
    if number and number > 0 and number < math.huge then return number end
    return nil, "a number above 0"
  elseif flag.value:find("|", 1, true) then
    local words = {}
    for word in flag.value:gmatch "[^|]+" do
      if word == text then return text end
      words[#words + 1] = word
    end
    return nil, ("one of %s"):format(table.concat(words, ", "))
  end
  if text ~= "" then return text end
  return nil, "a value"
end

--- The words of a command line: { word, ..., flag = value or true }, each flag under its last name without the dashes
-- ("--on-fail" as on_fail). A value follows as a word of its own or behind "="; after "--" every word is a word, and so are
-- numbers below 0. The last one of a flag that is repeated holds.
-- @param flags as a command's module declares them
-- @param internal more of them
-- @return nil and what is wrong: an unknown flag (with the nearest), a value that is missing or no such value
function command_line.read(args, flags, internal)
  local by_name, known = { ["--help"] = false }, {}
  for _, list in ipairs { flags, internal or {} } do
    for _, text in ipairs(list) do
      local flag = declared(text)
      for _, name in ipairs(flag.names) do
        by_name[name] = flag
        if list == flags then known[#known + 1] = name end
      end
    end
  end
  known[#known + 1] = "--help"
  local found, i = {}, 1
  while i <= #args do
    local word = args[i]
    local name, value = word:match "^(%-[^=]*)=?(.*)$"
    if word == "--" then
      for k = i + 1, #args do found[#found + 1] = args[k] end
      break
    elseif not name or word == "-" or tonumber(word) then
      found[#found + 1] = word
    else
      local flag = by_name[name]
      if not flag then
        local hint = #name > 2 and did_you_mean(name, known) or "" -- any letter is near any other
        return nil, ("unknown flag '%s'%s (%s)"):format(name, hint, table.concat(known, ", "))
      end
      local inline = word:find("=", 1, true)
      if not flag.value then
        if inline then return nil, ("%s takes no value, got '%s'"):format(name, value) end
        found[flag.key] = true
      else
        if not inline then
          i = i + 1
          value = args[i]
          if not value or by_name[value] ~= nil then return nil, ("%s needs a value: %s %s"):format(name, name, flag.value) end
        end
        local checked, expected = value_of(flag, value)
        if checked == nil then return nil, ("%s takes %s, got '%s'"):format(name, expected, value) end
        found[flag.key] = checked
      end
    end
    i = i + 1
  end
  return found
end

--- Runs a command with its words; returns the exit code.
function command_line.main(name, args)
  local there = false
  for _, candidate in ipairs(command_line.names()) do there = there or candidate == name end
  if not there then return command_line.unknown(name) end
  local module = command_line.load(name)
  for _, word in ipairs(args) do
    if word == "--" then break end
    if word == "--help" or word == "-h" then return command_line.load "help".main { name } end
  end
  local options, problem
  if module.flags then
    options, problem = command_line.read(args, module.flags, module.internal)
    if not options then return command_line.complain(name, problem) end
  end
  if module.on_interrupt then system.on_interrupt(module.on_interrupt) end
  local code = module.main(args, options)
  if code == nil or code == true then return 0 end
  return code == false and 1 or code
end

return command_line
