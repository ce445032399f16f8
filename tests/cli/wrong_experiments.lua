-- Mistakes that people make in experiments, ablations, sweeps and on the command line, against the real constructors:
-- tests/cli/scripts/experiments/NAME.lua with the whole answer in NAME.txt. A first line `-- words` is what stands
-- behind the file's name on the command line. One process looks at all of them, as `moonlab check` does.
local t = require "test"
local folder = require "language.folder"
local program = require "tests.program"
local system = require "host.system"

local scripts = MOONLAB_ROOT .. "/tests/cli/scripts/experiments"
local data = system.temporary_folder "moonlab-wrong"
system.mkdir(data .. "/mnist5k")
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(data .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read "*a"
  file:close()
  return text
end

local names = folder.files(scripts, "%.lua$")
local result = program.run { "-e", [[
local check = require "command.check"
local written = {}
io.stderr = { write = function(self, ...) for _, text in ipairs { ... } do written[#written + 1] = text end return self end }
local shown = print
print = function() end
for _, name in ipairs(require "language.folder".files(".", "%.lua$")) do
  local words = { name }
  for word in (io.open(name):read "*l":match "^%-%- (.*)$" or ""):gmatch "%S+" do words[#words + 1] = word end
  written = {}
  local code = coroutine.wrap(check.main)(nil, words) -- no line of this text is on its stack, as on the command line
  io.stdout:write("\1", name, "\2", tostring(code), "\3", table.concat(written))
end]], directory = scripts, environment = { MOONLAB_DATA = data, MOONLAB_HOME = data } }

local answers = {}
for name, code, text in result.out:gmatch "\1(.-)\2(.-)\3([^\1]*)" do answers[name] = { code, text } end

for _, name in ipairs(names) do
  t.test(name, function()
    t.ok(answers[name], result.err)
    local expected = read(scripts .. "/" .. name:gsub("lua$", "txt")):gsub("%$DATA_FOLDER", (data:gsub("%%", "%%%%")))
    t.eq(answers[name][2], expected)
    t.eq(answers[name][1], "2")
  end)
end

t.test("every line of an answer has a place, or is about an override", function()
  for _, name in ipairs(names) do
    local first = read(scripts .. "/" .. name:gsub("lua$", "txt")):match "^[^\n]*"
    t.ok(first:find "^[%w_]+%.lua:%d+:%d+: " or first:find "^override '", name .. ": " .. first)
  end
end)

system.remove(data)
