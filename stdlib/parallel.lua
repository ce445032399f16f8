--- The same function for many values, on several threads.
--
-- `parallel.map(code, list, { workers = n, with = data, seed = n })` gives the list of what `code` returns for each item,
-- in the order of the items. It is called with the item, its index (from 1) and `with`; `code`, items and results are as
-- for `worker` (source text, a module, or a function that uses no local variable of its surroundings).
-- The results are the same for any number of workers: before each item the worker's random numbers (torch's and
-- math.random) start from `seed`, which is drawn from torch's generator where it is not given, and the item's index.
-- The first error, by index, is raised as "item 3: ..." with the worker's traceback.
--
-- `parallel.pool(code, options)` keeps the threads: pool:map(list), pool:close().
-- @usage parallel.map("function(x) return x * x end", { 1, 2, 3 })
local host = require "host.worker"
local system = require "host.system"
local worker = require "worker"

local parallel = {}

local names = { "workers", "with", "seed" }

-- How many threads the options ask for.
local function check_options(options, level)
  for key in pairs(options) do
    local known = false
    for _, name in ipairs(names) do known = known or key == name end
    if not known then
      local near = system.nearest(tostring(key), names)
      error(("parallel: unknown option '%s'%s (%s)"):format(tostring(key),
        near and ("; did you mean '" .. near .. "'?") or "", table.concat(names, ", ")), level)
    end
  end
  local count = options.workers or system.cpu_count()
  if type(count) ~= "number" or count < 1 or count % 1 ~= 0 then
    error("parallel: workers must be a positive integer, got " .. tostring(count), level)
  end
  return count
end

local Pool = {}
Pool.__index = Pool

--- Threads that wait for items.
-- @param options { workers = how many (default: one a processor), with = plain data that every call is given }
function parallel.pool(code, options)
  local count = check_options(options or {}, 3)
  options = options or {}
  local pool = setmetatable({ tasks = host.channel(), workers = {}, seed = options.seed }, Pool)
  local packed = host.pack_code(code)
  for i = 1, count do pool.workers[i] = worker("parallel_worker", packed, pool.tasks, options.with) end
  return pool
end

local function send_all(pool, list, seed, results)
  for index = 1, #list do
    pool.tasks:push { index = index, item = list[index], seed = seed, results = results }
  end
end

-- A worker ends before its time where its code cannot be loaded, or where it was stopped.
local function check_workers(pool)
  for _, w in ipairs(pool.workers) do
    if not w:alive() then
      w:result()
      error("a worker of the pool has ended", 0)
    end
  end
end

function Pool:map(list)
  if not self.tasks then error("the pool is closed", 2) end
  local seed = self.seed or require("torch").randint(0, 2 ^ 31, { 1 }):item()
  local results, got, failed, failure = host.channel(), {}, nil, nil
  send_all(self, list, seed, results)
  local left = #list
  while left > 0 do
    local one = results:pop(0.2)
    if not one then
      check_workers(self)
    else
      left = left - 1
      if one.done then
        got[one.index] = one.result
      else
        if not failed or one.index < failed then failed, failure = one.index, one.result end
        while self.tasks:try_pop() do left = left - 1 end -- all later ones
      end
    end
  end
  if failed then error(("item %d: %s"):format(failed, failure), 0) end
  return got
end

--- Ends the threads; items that wait are forgotten.
function Pool:close()
  if not self.tasks then return end
  self.tasks:close()
  for _, w in ipairs(self.workers) do w:stop() end
  self.tasks = nil
end

function parallel.map(code, list, options)
  if type(list) ~= "table" then error("parallel.map: argument 2 must be a list, got " .. type(list), 2) end
  options = options or {}
  local count = math.min(check_options(options, 3), math.max(#list, 1))
  local pool = parallel.pool(code, { workers = count, with = options.with, seed = options.seed })
  local done, result = pcall(pool.map, pool, list)
  pool:close()
  if not done then error(result, 0) end
  return result
end

return parallel
