-- Statements from a pipe: run as they come, results shown, no prompt, up to the first error.
local t = require "test"
local program = require "tests.program"

t.test("statements and expressions, over several lines", function()
  local result = program.run { input = "local x = torch.ones(2)\nx:sum():item() + 1\nfor i = 1, 2 do\n  print(i)\nend\n'text'\n" }
  t.eq(result, { code = 0, out = '3\n1\n2\n"text"\n', err = "" })
end)

t.test("nothing is nothing", function() t.eq(program.run { input = "" }, { code = 0, out = "", err = "" }) end)

t.test("an error is located by the line of the input, and ends it", function()
  local result = program.run { input = "x = 1\n\nerror('stop')\nprint('never')\n" }
  t.eq(result, { code = 1, out = "", err = "stdin:3: stop\n" })
end)

t.test("an unfinished statement at the end is an error", function()
  local result = program.run { input = "print(1)\nfor i = 1, 2 do\n" }
  t.eq(result.code, 1)
  t.eq(result.out, "1\n")
  t.ok(result.err:find("stdin:", 1, true) and result.err:find("<eof>", 1, true), result.err)
end)

t.test("results arrive while the input is still open", function()
  local process = program.start { input = true }
  process:write "1 + 1\n"
  local system, text = require "host.system", ""
  local limit = system.clock() + 20
  while text == "" and system.clock() < limit do
    system.wait_any({ process }, 0.5)
    text = process:read()
  end
  t.eq(text, "2\n")
  process:close_input()
  t.eq(program.finish(process).code, 0)
end)
