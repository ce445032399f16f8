-- The command line: what runs, what is refused, and the exit codes.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local function has(text, part, note) t.ok(text:find(part, 1, true), (note or "") .. ("%q is not in %q"):format(part, text)) end

t.test("-e runs a text; the words after it are its arguments", function()
  local result = program.run { "-e", "print(torch.ones(2,2):sum():item(), arg[1])", "x" }
  t.eq(result, { code = 0, out = "4\tx\n", err = "" })
end)

t.test("-e without a text, and unknown flags, exit with 2", function()
  local result = program.run { "-e" }
  t.eq(result.code, 2)
  has(result.err, "-e needs the code")
  result = program.run { "--vresion" }
  t.eq(result.code, 2)
  t.eq(result.err, "moonlab: unknown flag '--vresion'; did you mean '--version'?\n")
end)

t.test("an unknown command names the nearest and exits with 2", function()
  local result = program.run { "tset" }
  t.eq(result.code, 2)
  has(result.err, "moonlab: unknown command 'tset'; did you mean 'test'?")
  t.eq(result.out, "")
  result = program.run { "help", "vresion" }
  t.eq(result.code, 2)
  has(result.err, "did you mean 'version'?")
end)

t.test("a command's unknown flag exits with 2", function()
  local result = program.run { "test", "--jbos", "2" }
  t.eq(result.code, 2)
  has(result.err, "unknown flag '--jbos'; did you mean '--jobs'?")
end)

t.test("--version and version say the same line", function()
  local flag, command = program.run { "--version" }, program.run { "version" }
  t.eq(flag.code, 0)
  t.ok(flag.out:match "^Moonlab %S+ %(LibTorch %d+%.%d+%.%d+%S*, LuaJIT 2%.1%S*%)\n$", flag.out)
  t.eq(command.out, flag.out)
end)

t.test("help lists the commands that exist, and no other", function()
  local result = program.run { "--help" }
  t.eq(result.code, 0)
  local listed = {}
  for name in result.out:match "Commands:\n(.-)\n\n":gmatch "  (%l+)  [^\n]*" do listed[#listed + 1] = name end
  local there = {}
  for _, file in ipairs(system.list(MOONLAB_ROOT .. "/stdlib/command")) do there[#there + 1] = file:match "^(.*)%.lua$" end
  t.eq(listed, there)
  t.ok(not result.out:find("does not load", 1, true), result.out)
  t.eq(program.run({ "help" }).out, result.out)
end)

t.test("every command answers --help with its usage", function()
  for _, file in ipairs(system.list(MOONLAB_ROOT .. "/stdlib/command")) do
    local name = file:match "^(.*)%.lua$"
    local result = program.run { name, "--help" }
    t.eq(result.code, 0)
    has(result.out, "moonlab " .. name)
  end
end)

t.test("FILE.lua runs with its arguments, also by a path", function()
  local folder = program.folder { ["a.lua"] = "print(arg[0], arg[1], arg[2], ...)" }
  t.eq(program.run({ "a.lua", "x", "--flag", directory = folder }).out, "a.lua\tx\t--flag\tx\t--flag\n")
  t.eq(program.run({ folder .. "/a.lua" }).out, folder .. "/a.lua\tnil\tnil\n")
  system.remove(folder)
end)

t.test("an error in a file is located, with who called, and exits with 1", function()
  local folder = program.folder {
    ["a.lua"] = "local function f()\n  local x = torch.ones(2, 3)\n  return (x:matmul(x))\nend\nprint(f())\n",
    ["syntax.lua"] = "local x = = 1\n",
  }
  local result = program.run { "a.lua", directory = folder }
  t.eq(result.code, 1)
  t.ok(result.err:match "^a%.lua:3: matmul: [^\n]*2x3 and 2x3", result.err)
  has(result.err, "a.lua:5")
  t.ok(not result.err:find("frame #", 1, true), "no C++ backtrace")
  result = program.run { "syntax.lua", directory = folder }
  t.eq(result.code, 1)
  has(result.err, "syntax.lua:1:")
  result = program.run { "missing.lua", directory = folder }
  t.eq(result.code, 1)
  has(result.err, "missing.lua")
  system.remove(folder)
end)

t.test("--debug adds LibTorch's backtrace", function()
  local code = "torch.ones(2, 3):matmul(torch.ones(2, 3))"
  local plain, debug = program.run { "-e", code }, program.run { "--debug", "-e", code }
  t.eq(plain.code, 1)
  t.eq(debug.code, 1)
  t.ok(#debug.err > #plain.err, debug.err)
  t.ok(debug.err:find "frame #" or debug.err:find "Exception raised from", debug.err)
end)

t.test("os.exit gives the exit code", function() t.eq(program.run({ "-e", "os.exit(7)" }).code, 7) end)

t.test("flags: values by a word of their own or behind =, what they take, what is missing", function()
  local command_line = require "command_line"
  local flags = { "-o --output FILE", "--jobs N", "--scale X", "--theme light|dark", "--json" }
  local function read(...) return command_line.read({ ... }, flags, { "--secret" }) end
  t.eq(read("a", "-o", "x.svg", "--jobs=3", "b", "--json", "-1.5"),
    { "a", "b", "-1.5", output = "x.svg", jobs = 3, json = true })
  t.eq(read("--output=a=b", "--secret", "--", "--json", "-o"), { "--json", "-o", output = "a=b", secret = true })
  t.eq(read("--output", "-top1").output, "-top1") -- a value may begin with a dash
  t.eq(read("--scale", "0.5", "--scale", "2").scale, 2) -- the last one holds
  local function refused(text, ...)
    local found, problem = read(...)
    t.eq({ found, problem }, { nil, text })
  end
  local all = "(-o, --output, --jobs, --scale, --theme, --json, --help)"
  refused("unknown flag '--jsno'; did you mean '--json'? " .. all, "--jsno")
  refused("unknown flag '--secrte' " .. all, "--secrte") -- what is internal is not offered
  refused("unknown flag '-x' " .. all, "-x=3")
  refused("--jobs needs a value: --jobs N", "--jobs")
  refused("--jobs needs a value: --jobs N", "--jobs", "--json")
  refused("--jobs takes a whole number from 1, got '0'", "--jobs", "0")
  refused("--jobs takes a whole number from 1, got 'x'", "--jobs=x")
  refused("--scale takes a number above 0, got 'inf'", "--scale", "inf")
  refused("--theme takes one of light, dark, got 'blue'", "--theme", "blue")
  refused("--json takes no value, got '1'", "--json=1")
  refused("-o takes a value, got ''", "-o=")
end)

t.test("help fits 80 columns", function()
  local texts = { program.run({ "help" }).out }
  for _, name in ipairs(require "command_line".names()) do texts[#texts + 1] = program.run({ "help", name }).out end
  for _, text in ipairs(texts) do
    for line in text:gmatch "[^\n]+" do t.ok(require "tabulate".width(line) <= 80, line) end
  end
end)
