--- Commands: `moonlab NAME ...` runs stdlib/command/NAME.lua. The folder is the list: a command is there when its file is.
--
-- A command's module returns a table:
--     usage    "FILE [key=value ...]", what follows the name
--     summary  one line for the list of commands
--     help     more lines for `moonlab help NAME` (optional)
--     flags    { "--smoke", "--device" } (optional): where given, any other word that starts with - is an error
--     on_interrupt  "finish" where the first Ctrl-C lets a step finish and saves (run, sweep); otherwise it stops at once
--     main     function(args): the words as a list; returns the exit code (nothing: 0)
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

local function complain(message)
  io.stderr:write("moonlab: ", message, "\n")
  return 2
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
  return complain(("unknown command '%s'%s (%s)"):format(name, hint, table.concat(names, ", ")))
end

local function unknown_flag(command, module, args)
  if not module.flags then return nil end
  local known = { "--help" }
  for _, flag in ipairs(module.flags) do known[#known + 1] = flag:match "^[^%s=]+" end
  for _, word in ipairs(args) do
    if word == "--" then return nil end
    local flag = word:match "^%-[^=]*"
    if flag and not word:match "^%-%d" then
      local found = false
      for _, candidate in ipairs(known) do found = found or candidate == flag end
      if not found then
        return complain(("%s: unknown flag '%s'%s (%s)"):format(command, flag, did_you_mean(flag, known),
          table.concat(known, ", ")))
      end
    end
  end
end

--- The words of a command that reads one run or ablation: { what, output = of -o, [flag] = true }; nil and the problem
-- where they are wrong.
-- @param flags words without a value that may stand among them
function command_line.source_words(args, flags)
  local words, known, i = {}, {}, 1
  for _, flag in ipairs(flags or {}) do known[flag] = true end
  while i <= #args do
    local word = args[i]
    if known[word] then
      words[word] = true
    elseif word == "-o" then
      i = i + 1
      words.output = args[i]
      if not words.output then return nil, "-o needs a value" end
    elseif word:match "^%-o=" then
      words.output = word:sub(4)
    elseif words.what then
      return nil, ("takes one run or ablation, got '%s' too"):format(word)
    else
      words.what = word
    end
    i = i + 1
  end
  return words
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
  local code = unknown_flag(name, module, args)
  if code then return code end
  if module.on_interrupt then system.on_interrupt(module.on_interrupt) end
  code = module.main(args)
  if code == nil or code == true then return 0 end
  return code == false and 1 or code
end

return command_line
