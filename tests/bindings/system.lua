-- host.system: processes, files, the terminal and the clock.
local t = require "test"
local system = require "host.system"

t.test("a process: output, errors, exit code, signal", function()
  local child = system.spawn { "sh", "-c", "echo out; echo err >&2; exit 3" }
  t.eq({ child:wait(20) }, { 3 })
  t.eq(child:read(), "out\n")
  t.eq(child:read_errors(), "err\n")
  t.eq(child:kill(), false)
  child = system.spawn { "sleep", "60" }
  t.eq(child:poll(), nil)
  t.eq(child:wait(0.05), nil)
  t.eq(child:kill "TERM", true)
  t.eq({ child:wait(20) }, { 143, "TERM" })
end)

t.test("a process: input, folder, environment", function()
  local child = system.spawn { "sh", "-c", "cat; pwd; echo $A; echo ${HOME-gone}", input = true, directory = "/",
    environment = { A = "a b", HOME = false } }
  t.eq(child:write "text\n", true)
  child:close_input()
  t.eq(child:wait(20), 0)
  t.eq(child:read(), "text\n/\na b\ngone\n")
end)

t.test("wait_any wakes for the first of several", function()
  local slow, fast = system.spawn { "sleep", "30" }, system.spawn { "sh", "-c", "echo x" }
  local start = system.clock()
  while not fast:poll() do t.ok(system.wait_any({ slow, fast }, 20)) end
  t.ok(system.clock() - start < 15)
  t.eq(slow:poll(), nil)
  slow:kill "KILL"
  t.eq({ slow:wait(20) }, { 137, "KILL" })
end)

t.test("what cannot be started, and wrong options, raise", function()
  t.raises(function() system.spawn { "/no/such/program" } end, "cannot start '/no/such/program': No such file")
  t.raises(function() system.spawn { "true", directroy = "/" } end, "did you mean 'directory'?")
  t.raises(function() system.spawn { "true" }:kill "TREM" end, "did you mean 'TERM'?")
  t.raises(function() system.spawn {} end, "needs a command")
end)

t.test("files: written whole, appended, listed, removed", function()
  local folder = system.temporary_folder "moonlab-test"
  t.eq(system.write_atomic(folder .. "/a.txt", "one"), true)
  t.eq(system.append(folder .. "/a.txt", "two\n"), true)
  local file = io.open(folder .. "/a.txt")
  t.eq(file:read "*a", "onetwo\n")
  file:close()
  t.eq(system.mkdir(folder .. "/b/c"), true)
  t.eq(system.mkdir(folder .. "/b/c"), true)
  t.eq(system.list(folder), { "a.txt", "b" })
  t.eq(system.stat(folder .. "/a.txt").kind, "file")
  t.eq(system.stat(folder .. "/a.txt").size, 7)
  t.ok(math.abs(system.stat(folder .. "/a.txt").modified - system.time()) < 100)
  t.eq(system.stat(folder .. "/b").kind, "folder")
  t.eq(system.rename(folder .. "/a.txt", folder .. "/b/d.txt"), true)
  t.eq(system.list(folder .. "/b"), { "c", "d.txt" })
  t.eq(system.absolute(folder .. "/b/../b/./c"), folder .. "/b/c")
  t.eq(system.remove(folder), true)
  t.eq(system.stat(folder), nil)
end)

t.test("files: what fails gives nil and the reason with the path", function()
  local function fails(expected, result, message)
    t.eq(result, nil)
    t.eq(message, expected)
  end
  fails("/no/such/f: No such file or directory", system.write_atomic("/no/such/f", ""))
  fails("/no/such: No such file or directory", system.list "/no/such")
  fails("/no/such: No such file or directory", system.stat "/no/such")
  fails("/dev/null/x: Not a directory", system.mkdir "/dev/null/x")
end)

t.test("the terminal, the clock, the environment", function()
  t.eq(system.isatty "stdout", false)
  t.raises(function() system.isatty "stdot" end, "did you mean 'stdout'?")
  local before = system.clock()
  t.eq(system.sleep(0.01), true)
  t.ok(system.clock() - before >= 0.01)
  t.eq(system.environment().HOME, os.getenv "HOME")
  system.set_environment("MARK", "x")
  t.eq(os.getenv "MARK", "x")
  system.set_environment("MARK", nil)
  t.eq(os.getenv "MARK", nil)
  local now, peak = system.resident()
  t.ok(now > 1e6 and peak >= now * 0.9)
  t.eq(system.on_interrupt "finish", "stop")
  t.eq(system.on_interrupt "stop", "finish")
  t.raises(function() system.on_interrupt "later" end)
  t.eq(system.nearest("colour", { "color", "size" }), "color")
  t.eq(system.nearest("zzz", { "color", "size" }), nil)
end)
