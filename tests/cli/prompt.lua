-- The prompt on a real terminal.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local function with_prompt(fn)
  local session = program.prompt {}
  local done, message = pcall(fn, session)
  session:close()
  system.remove(session.home)
  if not done then error(message, 0) end
end

t.test("shows results, keeps locals and state after errors", function()
  with_prompt(function(s)
    s:ask("1 + 1", "2\r\n")
    s:ask("local x = torch.ones(2, 2)", "> ")
    s:ask("x:nope()", "nope")
    s:expect "> "
    s:ask("x:sum():item()", "4\r\n")
    s:ask("error({})", "\n")
    s:expect "> "
    s:ask("nil", "nil\r\n")
    s:ask("return 5, 'a'", '5\r\n"a"\r\n')
  end)
end)

t.test("an unfinished input goes on over lines", function()
  with_prompt(function(s)
    s:ask("for i = 1, 2 do", ". ")
    s:ask("print('line ' .. i)", ". ")
    s:ask("end", "line 1\r\nline 2\r\n")
    s:ask("x = 1 +", ". ")
    s:ask("2", "> ")
    s:ask("x", "3\r\n")
  end)
end)

t.test("a long tensor takes at most 25 lines, a table is readable", function()
  with_prompt(function(s)
    local text = s:ask("torch.zeros(200)", "> ")
    local _, lines = text:gsub("\n", "")
    t.ok(lines <= 25, lines .. " lines")
    text = s:ask("torch.zeros(100, 100)", "> ")
    _, lines = text:gsub("\n", "")
    t.ok(lines <= 25, lines .. " lines")
    s:ask("{ 1, 2, name = 'x', deep = { a = true } }", '{ 1, 2, deep = { a = true }, name = "x" }')
  end)
end)

t.test("Tab completes globals, fields and tensor methods", function()
  with_prompt(function(s)
    s:send "coll\t"
    s:expect "ectgarbage"
    s:send "\003"
    s:expect "> "
    s:send "string.fo\t('%d', 5)\n"
    s:expect '"5"'
    s:ask("x = torch.ones(2)", "> ")
    s:send "x:matm\t"
    s:expect "ul"
    s:send "\003"
    s:expect "> "
    s:send "torch.cumprod_b\t"
    s:expect "ackward"
  end)
end)

t.test("Tab completes the keys of a constructor's table", function()
  with_prompt(function(s)
    s:send "adamw { weight_d\t = 0.5 }.weight_decay\n"
    s:expect "0.5\r\n"
  end)
end)

t.test("a mistake in a constructor is told without lines of the program's own", function()
  with_prompt(function(s)
    local text = s:ask("adamw { lrr = 1 }", "> ")
    text = text:gsub("^adamw { lrr = 1 }\r\n", "") -- the echo, where it came late
    t.eq(text, "prompt:1: unknown key 'lrr' in adamw{}; did you mean 'lr'?\r\n")
    s:ask("function f() return head.sofmax {} end", "> ")
    text = s:ask("local x = f()", "> ")
    t.ok(text:find("prompt:1: unknown name 'head.sofmax'; did you mean 'softmax'?", 1, true), text)
    t.ok(not text:find("stdlib", 1, true) and text:find("called from", 1, true), text)
  end)
end)

t.test("Ctrl-C clears the line that is being typed", function()
  with_prompt(function(s)
    s:send "this is not Lua\003"
    s:expect "^C"
    s:ask("2 + 2", "4\r\n")
    s:send "for i = 1, 2 do\n"
    s:expect ". "
    s:send "\003"
    s:expect "> "
    s:ask("3 + 3", "6\r\n")
  end)
end)

t.test("Ctrl-C stops a Lua loop and an operator loop, and the state stays", function()
  with_prompt(function(s)
    s:ask("n = 0", "> ")
    s:send "seen = {} while true do n = n + 1; seen[n % 100] = 'x' .. n; if n == 50000 then print('run' .. 'ning') end end\n"
    s:expect "running"
    s:send "\003"
    s:expect "interrupted"
    s:ask("n > 1000", "true")
    s:ask("x = torch.zeros(2)", "> ")
    s:send "for i = 1, 1e9 do x:add_(1) if i == 1000 then print('run' .. 'ning') end end\n"
    s:expect "running"
    s:send "\003"
    s:expect "interrupted"
    s:ask("x[0]:item() >= 1000", "true")
  end)
end)

t.test("Ctrl-C three times leaves a loop that does not react, after saying what is lost", function()
  with_prompt(function(s)
    s:send "print('be' .. 'gun') while true do end\n"
    s:expect "begun"
    system.sleep(0.3) -- the loop is compiled by now
    s:send "\003"
    system.sleep(0.1)
    s:send "\003"
    s:expect "variables of this session are lost"
    t.eq(s.process:poll(), nil)
    s:send "\003"
    t.eq(s:wait(), 130)
  end)
end)

t.test("Ctrl-D leaves with 0; the history is there next time", function()
  local session = program.prompt {}
  session:ask("'first' .. ' session'", '"first session"')
  session:expect "> "
  session:send "\004"
  t.eq(session:wait(), 0)
  local again = program.prompt { home = session.home }
  again:send "\027[A\n"
  again:expect '"first session"'
  again:close()
  system.remove(session.home)
end)
