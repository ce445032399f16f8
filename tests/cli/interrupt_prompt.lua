-- Ctrl-C on a real terminal: at the prompt it ends what runs and nothing else, and a plain program leaves with 130.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

-- What may be running; each prints "running" when it is under way.
local say = "io.write('run' .. 'ning\\n') io.flush() "
local waits = {
  ["an operator loop"] = "x = torch.zeros(2) " .. say .. "while true do x:add_(1) end",
  ["an interpreted Lua loop"] = "jit.off() " .. say .. "while true do end",
  ["a compiled Lua loop that calls"] = say .. "n, held = 0, {} while true do n = n + 1 held[n % 100] = 'x' .. n end",
  ["a channel with nothing in it"] = "c = channel() " .. say .. "c:pop()",
  ["a full channel"] = "c = channel(1) c:push(1) " .. say .. "c:push(2)",
  ["a worker's result"] = "w = worker 'channel():pop()' " .. say .. "w:result()",
  ["a parallel map"] = say .. "parallel.map('local n = 0 while true do n = n + torch.ones(1):item() end', { 1, 2, 3 })",
  ["a child process"] = "s = require 'host.system' p = s.spawn { 'sleep', '60' } " .. say .. "p:wait()",
  ["a sleep"] = "s = require 'host.system' " .. say .. "s.sleep(60)",
  ["io.read"] = say .. "io.read()",
  ["os.execute"] = say .. "os.execute 'sleep 60'",
  ["a backward through Lua functions"] = "f = torch.autograd.fn { forward = function(ctx, x) return x * 1 end, "
    .. "backward = function(ctx, g) local y = g while true do y = y + 1 end end } "
    .. "y = f(torch.ones(1, { requires_grad = true })):sum() " .. say .. "y:backward()",
  ["a loader with a slow transform"] = "d = require 'host.data' "
    .. "set = d.from_tensors(torch.zeros(8, 1, 2, 2, { dtype = 'uint8' }), torch.zeros(8, { dtype = 'long' }), { name = 's', class_names = { 'a' } }) "
    .. "l = d.loader({ { set } }, { batch = 8, transform = 'require(\"host.system\").sleep(60) return (...)' }) "
    .. say .. "for b in l:each(0) do end",
}

local names = {}
for name in pairs(waits) do names[#names + 1] = name end
table.sort(names)

local function at_prompt(fn)
  local session = program.prompt {}
  local done, message = pcall(fn, session)
  session:close()
  system.remove(session.home)
  if not done then error(message, 0) end
end

t.test("at the prompt the first Ctrl-C ends what runs, and the session goes on", function()
  at_prompt(function(s)
    s:ask("kept = 41", "> ")
    for _, name in ipairs(names) do
      s:send(waits[name] .. "\n")
      s:expect "running\r\n"
      system.sleep(0.1)
      local began = system.clock()
      s:send "\003"
      local done, message = pcall(s.expect, s, "interrupted", 10)
      t.ok(done, name .. ": " .. tostring(message))
      s:expect "> "
      t.ok(system.clock() - began < 5, name)
      s:ask("kept + 1", "42\r\n")
      s:expect "> "
    end
  end)
end)

t.test("code that catches errors is stopped by the next Ctrl-C, which offers no exit", function()
  at_prompt(function(s)
    s:send("caught = 0 function spin() local x = torch.zeros(1) while true do x:add_(1) end end " .. say
      .. "while caught < 3 do pcall(spin) caught = caught + 1 require('host.system').clear_interrupts() end print('left ' .. caught)\n")
    s:expect "running\r\n"
    for _ = 1, 3 do
      system.sleep(0.2)
      s:send "\003"
    end
    local text = s:expect "left 3"
    t.ok(not text:find("leaves at once", 1, true), text)
  end)
end)

t.test("compiled code that calls nothing: the second Ctrl-C says what is lost, the third leaves", function()
  at_prompt(function(s)
    s:send(say .. "while true do end\n")
    s:expect "running\r\n"
    system.sleep(0.2)
    s:send "\003"
    system.sleep(0.2)
    s:send "\003"
    s:expect "the variables of this session are lost"
    s:send "\003"
    t.eq(s:wait(), 130)
  end)
end)

t.test("in -e the first Ctrl-C leaves with 130 and one line", function()
  for _, name in ipairs(names) do
    local process = system.spawn { system.executable(), "-e", waits[name], terminal = true }
    local text, limit = "", system.clock() + 20
    while not text:find "running" and system.clock() < limit do
      system.wait_any({ process }, 0.2)
      text = text .. process:read()
    end
    system.sleep(0.1)
    process:write "\003"
    local code, signal = process:wait(10)
    text = text .. process:read()
    t.eq({ code, signal }, { 130 }, name .. ": " .. text)
    t.ok(text:find "interrupted\r?\n$", name .. ": " .. text)
  end
end)

local function alive(pid) return system.kill(pid, 0) end

-- Under nohup a hangup is ignored, and the program rightly leaves it so.
local function hears_hangups()
  local ignored = io.open("/proc/self/status"):read "*a":match "SigIgn:%s*(%x+)"
  return tonumber(ignored:sub(-1), 16) % 2 == 0
end

t.test("whatever ends the program, its children and workers end with it", function()
  for _, signal in ipairs { "KILL", "TERM", "INT", hears_hangups() and "HUP" or nil } do
    local process = program.start { "-e", "s = require 'host.system' p = s.spawn { 'sleep', '60' } c = channel() "
      .. "w = worker('s = require \"host.system\" p = s.spawn { \"sleep\", \"60\" } c = ... c:push(p:pid()) p:wait()', c) "
      .. "io.write(p:pid(), ' ', c:pop(), '\\n') io.flush() w:result()" }
    local text, limit = "", system.clock() + 20
    while not text:find "\n" and system.clock() < limit do
      system.wait_any({ process }, 0.2)
      text = text .. process:read()
    end
    local first, second = text:match "(%d+) (%d+)"
    t.ok(first and alive(tonumber(first)) and alive(tonumber(second)), text)
    process:kill(signal)
    local code = process:wait(10)
    t.eq(code, ({ KILL = 137, TERM = 143, HUP = 129, INT = 130 })[signal])
    local until_time = system.clock() + 5
    while (alive(tonumber(first)) or alive(tonumber(second))) and system.clock() < until_time do system.sleep(0.02) end
    t.ok(not alive(tonumber(first)) and not alive(tonumber(second)), signal .. " left a child")
  end
end)
