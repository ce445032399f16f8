--- Threads with Lua states of their own. Nothing is shared but channels and the storage of tensors.
--
-- `worker(code, ...)` runs `code` on a thread of its own, in a fresh state that has all of torch and stdlib, and gives a
-- handle. The code is
--   source text, whose "..." are the arguments:  worker("local x = ... return x:sum():item()", torch.ones(3))
--   the text of a function:                       worker("function(x) return 2 * x end", 21)
--   a module that returns a function:             worker("tasks.count", 10), or one of its table: "tasks:count"
--   a function that uses no local variable of its surroundings (globals are the worker's own).
-- Arguments and results are plain data: nil, booleans, numbers, strings, 64-bit integers, tables of these (a table that
-- holds itself is refused), channels, torch.None, and tensors. A tensor arrives as another tensor on the same storage:
-- what one thread writes the other sees. A leaf that requires grad arrives as one, with a .grad of its own; a tensor
-- within a graph is refused (send x:detach()).
--
--     w:result([seconds])   what the code returned; nil, "timeout" where it takes longer; raises the worker's error, with
--                           its file, line and the lines it was called from
--     w:join([seconds])     waits alone: whether it ended in time
--     w:alive()             whether it still runs
--     w:stop()              interrupts it: operators, waits and Lua loops give up, result() raises
--
-- A worker whose handle is collected is stopped, and so are all at the end of the program: hold on to the handle, or wait.
-- A worker computes with one thread (torch.set_num_threads changes its own number) and draws random numbers of its own,
-- which torch.manual_seed in the starting state decides. The default dtype and deterministic algorithms are settings of
-- the whole process.
-- @usage worker("return 6 * 7"):result()
local host = require "host.worker"

-- Each start takes the next seed, so that two workers differ and a program's workers are the same each time.
local started = 0

local function start(_, code, ...)
  started = started + 1
  local rng = require "host.rng"
  return host.start(code, rng.derive_seed(rng.initial_seed() % 2 ^ 53, "worker", started), ...)
end

return setmetatable({ inside = host.inside }, { __call = start })
