-- Wrong scripts and overrides at the command line: the whole answer on standard error, exit code 2, nothing begun.
local t = require "test"
local folder = require "language.folder"
local program = require "tests.program"

local scripts = MOONLAB_ROOT .. "/tests/cli/scripts"

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Those whose answer does not depend on which constructors there are.
for _, name in ipairs { "unknown_key", "wrong_type", "syntax", "syntax_end", "nothing_returned", "error_called", "impure",
                        "key_nil", "key_twice", "parameter", "cycle" } do
  for _, command in ipairs { "run", "check" } do
    t.test(("moonlab %s %s.lua"):format(command, name), function()
      local result = program.run { command, name .. ".lua", directory = scripts }
      t.eq(result.err, read(scripts .. "/" .. name .. ".txt"))
      t.eq({ result.code, result.out }, { 2, "" })
      t.eq(folder.files(scripts, "^runs$"), {}, "no run may be begun")
    end)
  end
end

local right = 'return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} } }\n'

t.test("a wrong override", function()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(right)
  file:close()
  local result = program.run { "run", path, "train.epocs=3", "optm=sgd" }
  os.remove(path)
  t.eq(result.err, "override 'train.epocs=3': unknown key 'epocs' in train{}; did you mean 'epochs'?\n"
    .. "override 'optm=sgd': unknown parameter 'optm'; did you mean 'optim'?\n")
  t.eq({ result.code, result.out }, { 2, "" })
end)

t.test("a script that is not there", function()
  local result = program.run { "run", "no/such.lua" }
  t.eq({ result.code, result.out, result.err }, { 2, "", "no/such.lua: No such file or directory\n" })
end)
