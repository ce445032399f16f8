--- `moonlab bench [NAME [ARGUMENT ...]]`: the measurements under tests/bench/, each a program that prints its numbers
-- beside those of another way to do the same.
local nearest = require "language.nearest"
local system = require "host.system"

local folder = MOONLAB_ROOT .. "/tests/bench/"

-- The names, sorted.
local function names()
  local found = {}
  for _, name in ipairs(system.list(folder) or {}) do found[#found + 1] = name:match "^(.+)%.lua$" end
  table.sort(found)
  return found
end

-- What stands at the top of one: its first sentence, and the line that calls it.
local function about(name)
  local words, call = {}, nil
  for line in io.lines(folder .. name .. ".lua") do
    local text = line:match "^%-%-%s?(.*)$"
    if not text or (text == "" and call) then break end
    call = call or text:match "^%s+moonlab tests/bench/%S+%s*(.*)$"
    if not call then words[#words + 1] = text end
  end
  local text = table.concat(words, " ")
  return text:match "^(.-%.)%s" or text, call or ""
end

-- Lines of at most 78 columns, indented.
local function wrapped(text)
  local lines, line = {}, "   "
  for word in text:gmatch "%S+" do
    if #line + 1 + #word > 78 then
      lines[#lines + 1], line = line, "   "
    end
    line = line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

return {
  usage = "[NAME [ARGUMENT ...]]",
  summary = "measure against Python or C++; without a name: what there is to measure",
  help = "  what follows NAME goes to the measurement; most take a Python that has torch:\n"
    .. "  moonlab bench balance /usr/bin/python3",
  main = function(args)
    local known, name = names(), args[1]
    if not name then
      for _, each in ipairs(known) do
        local sentence, call = about(each)
        print(((each .. " " .. call:gsub("/path/to/python", "PYTHON")):gsub("%s+$", "")))
        print(wrapped(sentence))
      end
      return 0
    end
    local there = false
    for _, each in ipairs(known) do there = there or each == name end
    if not there then
      io.stderr:write(("moonlab bench: no measurement '%s'%s (%s)\n"):format(name, nearest.did_you_mean(name, known),
        table.concat(known, ", ")))
      return 2
    end
    local command = { system.executable(), folder .. name .. ".lua", inherit = true }
    for i = 2, #args do command[#command + 1] = args[i] end
    return (system.spawn(command):wait())
  end,
}
