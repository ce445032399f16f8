-- Worker states, channels and parallel maps.
local t = require "test"
local ffi = require "ffi"
local program = require "tests.program"
local system = require "host.system"

-- What comes back from a worker that returns what it is given.
local function echo(...) return worker("return ...", ...):result(60) end

t.test("plain data comes back as it was sent", function()
  t.eq({ echo(1, "two", true, 2.5) }, { 1, "two", true, 2.5 })
  t.eq(select("#", echo(nil, nil)), 2)
  t.eq(echo { 1, { 2, deep = { [3] = "x", [true] = false, [0.5] = 1 } }, name = "a\0b" },
    { 1, { 2, deep = { [3] = "x", [true] = false, [0.5] = 1 } }, name = "a\0b" })
  local shared = { 5 }
  local back = echo { shared, shared }
  t.ok(back[1] == back[2], "a table met twice stays one")
  t.ok(echo(torch.None) == torch.None)
  t.eq(echo(torch.ones(2, 3).shape), { 2, 3 })
  local wide = echo(9007199254740993LL)
  t.ok(ffi.istype("int64_t", wide) and wide == 9007199254740993LL)
  local unsigned = echo(18446744073709551615ULL)
  t.ok(ffi.istype("uint64_t", unsigned) and unsigned == 18446744073709551615ULL)
  local complex = echo(ffi.new("complex", 1, -2))
  t.eq({ complex.re, complex.im }, { 1, -2 })
end)

t.test("what is no plain data is refused with its place", function()
  local loop = { name = {} }
  loop.name.self = loop
  t.raises(function() echo(loop) end, "a table that holds itself at argument.name.self")
  t.raises(function() echo(1, { callback = function() end }) end, "a function at argument 2.callback cannot be sent")
  t.raises(function() echo(coroutine.create(print)) end, "thread")
  t.raises(function() echo(setmetatable({}, { __index = {} })) end, "an object (a table with methods) at argument")
  t.raises(function() echo(torch.nn.Linear(2, 2)) end, "cannot be sent")
  t.raises(function() echo(io.stdout) end, "cannot be sent")
  t.raises(function() worker("return function() end"):result() end, "a function at result cannot be sent")
end)

t.test("tensors share their storage; leaves stay leaves; graphs stay at home", function()
  local x = torch.zeros(3)
  worker("local x = ... x:add_(2)", x):result()
  t.eq(x, { 2, 2, 2 })
  local view = torch.arange(6):view(2, 3):t()
  t.eq(echo(view), view)
  t.eq(echo(view):data_ptr(), view:data_ptr())
  local leaf = torch.ones(2, { requires_grad = true })
  local grad, same = worker("local x = ... (x * 3):sum():backward() return x.grad, x.requires_grad and x.is_leaf", leaf):result()
  t.eq(grad, { 3, 3 })
  t.ok(same)
  t.eq(leaf.grad, nil)
  t.raises(function() echo(leaf * 2) end, "x:detach()")
  -- what a backward needs was overwritten on another thread: it notices
  local y = torch.ones(2)
  local loss = (leaf * y):sum()
  worker("(...):mul_(5)", y):result()
  t.raises(function() loss:backward() end, "modified by an inplace operation")
end)

t.test("memory is charged where it is held, and given back", function()
  collectgarbage()
  collectgarbage()
  local before = memory().live
  local c = channel();
  (function() c:push(torch.zeros(1000, 1000)) end)()
  collectgarbage()
  collectgarbage()
  t.ok(memory().live < before + 1e6, "on its way it is nobody's")
  local x = c:pop()
  t.ok(memory().live >= before + 4e6)
  local live, own = worker([[
    local x = ...
    local live = memory().live
    x:free()
    return live, memory().live]], x):result()
  t.ok(live >= 4e6 and own < 1e6, live .. " " .. own)
  t.eq(x:sum():item(), 0)
  x:free()
  t.ok(memory().live < before + 1e6)
end)

local k = 3
t.test("code is source, a function, a module; anything captured is refused by name", function()
  t.eq(worker("return ... ", 4):result(), 4)
  t.eq(worker("function(a, b) return a + b end", 1, 2):result(), 3)
  t.eq(worker(function(a) return torch.ones(a):sum():item() end, 5):result(), 5)
  t.raises(function() worker(function() return k end) end, "uses 'k' of its surroundings")
  t.raises(function() worker "return +" end, "worker:1: ")
  t.raises(function() worker(print) end, "a function of the host")
  t.raises(function() worker "no.such.module":result() end, "module 'no.such.module' not found")
  t.raises(function() worker "host.system":result() end, "not a function")
  t.eq(type(worker "host.system:clock":result()), "number")
  t.raises(function() worker(5) end, "source text, a module's name or a function")
end)

t.test("an error comes with its line and the lines it was called from", function()
  local folder = program.folder { ["faulty.lua"] = "local function inner(x)\n  error('no ' .. x)\nend\nreturn function(x)\n  inner(x)\n  return 1\nend\n" }
  local before = package.path
  package.path = folder .. "/?.lua;" .. package.path
  local text = t.raises(function() worker("faulty", "luck"):result() end, "faulty.lua:2: no luck")
  package.path = before
  system.remove(folder)
  t.ok(text:find "in a worker" and text:find "faulty.lua:5", text)
  t.raises(function() worker "torch.ones(2):matmul(torch.ones(3))":result() end, "worker:1: ")
  t.raises(function() worker "error({})":result() end, "in a worker: a table")
  t.raises(function() worker "os.exit(3)":result() end, "a worker cannot end the program")
end)

t.test("a worker is stopped in a loop, in compiled code that calls, in a wait, in a sleep, behind pcall", function()
  for _, code in ipairs {
    "while true do end",
    "local t, n = {}, 0 while true do n = n + 1 t[n % 10] = 'x' .. n end",
    "local x = torch.zeros(2) while true do x:add_(1) end",
    "channel():pop()",
    "local c = channel(1) c:push(1) c:push(2)",
    "require('host.system').sleep(60)",
    "require('host.system').spawn({ 'sleep', '60' }):wait()",
    "os.execute('sleep 60')",
    "while true do pcall(function() local x = torch.zeros(2) while true do x:add_(1) end end) end",
  } do
    local w = worker(code == "while true do end" and "jit.off() " .. code or code)
    t.eq({ w:result(0.05) }, { nil, "timeout" }, code)
    t.ok(w:alive())
    w:stop()
    t.ok(w:join(20), code)
    t.raises(function() w:result() end, "the worker was stopped")
    t.ok(not w:alive())
  end
end)

t.test("workers talk over channels", function()
  local questions, answers = channel(4), channel()
  local code = "local q, a = ... for x in q:each() do a:push { x = x, twice = x * 2 } end return 'done'"
  local workers = {}
  for i = 1, 3 do workers[i] = worker(code, questions, answers) end
  for i = 1, 50 do questions:push(i) end
  questions:close()
  for _, w in ipairs(workers) do t.eq(w:result(60), "done") end
  local sum = 0
  for _ = 1, 50 do sum = sum + answers:pop(10).twice end
  t.eq(sum, 50 * 51)
  t.eq({ answers:try_pop() }, { nil, "timeout" })
  answers:close()
  t.eq({ answers:pop() }, { nil, "closed" })
  t.raises(function() answers:push(1) end, "the channel is closed")
end)

t.test("bounds, timeouts and what a channel says", function()
  local c = channel(2)
  t.ok(c:push "a" and c:try_push "b")
  t.eq(c:try_push "c", false)
  t.eq(c:push("c", 0.01), false)
  t.eq(#c, 2)
  t.eq(c:capacity(), 2)
  t.eq(channel():capacity(), nil)
  t.eq(tostring(c), "channel: 2 of 2 values")
  t.raises(function() c:push(nil) end, "torch.None")
  t.raises(function() channel(0) end, "1 or more")
  t.raises(function() c:pop(-1) end, "seconds")
  local other = channel()
  other:push(c) -- a channel travels
  t.ok(other:pop() == c)
end)

t.test("each worker draws its own random numbers, decided by the seed", function()
  local function draw()
    torch.manual_seed(3)
    local a, b = worker("return torch.rand(2), math.random()"), worker("return torch.rand(2), math.random()")
    return { { a:result() }, { b:result() } }, torch.rand(1)
  end
  local one, mine = draw()
  torch.manual_seed(3)
  t.eq(torch.rand(1), mine)
  t.ok(one[1][1][0]:item() ~= one[2][1][0]:item() and one[1][2] ~= one[2][2])
  t.eq(worker("torch.manual_seed(3) return torch.rand(1)"):result(), mine)
end)

t.test("modes of the starting thread do not leak into a worker", function()
  local grad = torch.no_grad(function()
    return worker("return torch.is_grad_enabled()"):result()
  end)
  t.eq(grad, true)
  t.eq(worker("return torch.get_num_threads()"):result(), 1)
end)

t.test("a parallel map keeps the order and does not depend on the number of workers", function()
  local code = "function(x, i, with) return x * with.factor + torch.rand(1):item() + math.random() + torch.dropout(torch.ones(50), 0.5, true):sum():item() end"
  local list = {}
  for i = 1, 23 do list[i] = i end
  local expected
  for _, workers in ipairs { 1, 2, 5 } do
    local got = parallel.map(code, list, { workers = workers, with = { factor = 100 }, seed = 9 })
    t.eq(#got, 23)
    expected = expected or got
    t.eq(got, expected)
  end
  t.ok(expected[7] >= 700 and expected[7] < 900)
  torch.manual_seed(1)
  local a, b = parallel.map("return torch.rand(1):item()", { 1, 2 }), parallel.map("return torch.rand(1):item()", { 1, 2 })
  torch.manual_seed(1)
  t.eq(parallel.map("return torch.rand(1):item()", { 1, 2 }, { workers = 1 }), a)
  t.ok(a[1] ~= b[1] and a[1] ~= a[2])
  t.eq(parallel.map("return 1", {}), {})
end)

t.test("the first item that fails is named, and the pool ends", function()
  local text = t.raises(function()
    parallel.map("function(x) if x >= 3 then error('bad ' .. x) end return x end", { 1, 2, 3, 4, 5, 6 }, { workers = 3 })
  end, "item 3: worker:1: bad 3")
  t.ok(not text:find("parallel_worker", 1, true), text) -- none of the program's own lines
  t.raises(function() parallel.map("no.such.module", { 1, 2 }) end, "module 'no.such.module' not found")
  t.raises(function() parallel.map("return print", { 1 }) end, "item 1: ")
  t.raises(function() parallel.map("return 1", { 1 }, { worker = 2 }) end, "unknown option 'worker'")
  local pool = parallel.pool("function(x) return -x end", { workers = 2 })
  t.eq(pool:map { 1, 2 }, { -1, -2 })
  t.eq(pool:map { 3 }, { -3 })
  pool:close()
  t.raises(function() pool:map { 1 } end, "closed")
end)

t.test("workers that nobody waits for end with the program, however it ends", function()
  local busy = "worker 'local x = torch.zeros(2) while true do x:add_(1) end' "
    .. "local w = worker 'channel():pop()' "
  for ending, expected in pairs {
    [""] = { 0 },
    ["os.exit(7)"] = { 7 },
    ["error('done')"] = { 1 },
    ["w = nil collectgarbage() collectgarbage() os.exit(0)"] = { 0 },
    -- compiled code that calls nothing hears nobody: the program leaves without it
    ["worker 'while true do end' require('host.system').sleep(0.2) os.exit(5)"] = { 5 },
  } do
    local result = program.run { "-e", busy .. "require('host.system').sleep(0.05) " .. ending }
    t.eq(result.code, expected[1], ending)
    t.eq(result.signal, nil, ending)
  end
end)
