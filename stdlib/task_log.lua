--- What is known of the tasks' gradients while a mixture trains: norms, cosines, weights, and which task's gradient
-- was the first that is not finite. Summed on the device, read once an epoch.
local task_log = {}
task_log.__index = task_log

local families = { grad_norm = "norms", grad_cosine = "cosines", task_weight = "weights" }

--- Refuses a pattern of keys that no mixture writes.
function task_log.problem(patterns)
  for _, pattern in ipairs(patterns) do
    if not families[pattern:match "^[^/]*"] or not pattern:find "/" then
      return ("log: '%s' is nothing that is logged; write \"grad_norm/*\", \"grad_cosine/*\" or "
        .. "\"task_weight/*\""):format(pattern)
    end
  end
end

local function matches(key, patterns)
  for _, pattern in ipairs(patterns) do
    if key:match("^" .. pattern:gsub("[%-%.%+%[%]%(%)%$%^%%%?]", "%%%0"):gsub("%*", ".*") .. "$") then return true end
  end
  return false
end

--- @param names of the tasks, @param patterns of keys to log or nil
function task_log.new(names, patterns)
  local self = setmetatable({ names = names, patterns = patterns or {}, sums = {}, counts = {} }, task_log)
  for _, pattern in ipairs(self.patterns) do self[families[pattern:match "^[^/]*"]] = true end
  self.gradients = (self.norms or self.cosines) and true or false
  return self
end

local function add(self, what, values)
  values = values:detach():float()
  local sum = self.sums[what]
  if not sum then
    self.sums[what] = keep(values:clone())
  else
    sum:add_(values)
  end
  self.counts[what] = (self.counts[what] or 0) + 1
end

--- The weights of a step: numbers or tensors, in the order of the tasks.
function task_log:add_weights(weights, device)
  if not self.weights then return end
  torch.no_grad(function()
    local list = {}
    for i, weight in ipairs(weights) do
      list[i] = torch.is_tensor(weight) and weight:reshape {}
        or torch.tensor(weight, { dtype = "float32", device = device })
    end
    add(self, "weights", torch.stack(list))
  end)
end

--- The inner products of the tasks' gradients at a step, [parameters, T, T].
-- @return { norms = [T], cosines = [T, T] }
function task_log:add_gram(gram, wanted)
  return torch.no_grad(function()
    local whole = gram:sum(0)
    local finite = whole:diagonal():isfinite():float()
    if not self.alive then
      self.alive, self.fine = keep(torch.ones_like(finite)), keep(torch.zeros_like(finite))
    end
    self.alive:mul_(finite)
    self.fine:add_(self.alive)
    if not (self.gradients or wanted) then return end
    local norms = whole:diagonal():clamp { min = 0 }:sqrt()
    local cosines = whole / (norms:unsqueeze(1) * norms)
    if self.norms then add(self, "norms", norms) end
    if self.cosines then add(self, "cosines", cosines) end
    return { norms = norms, cosines = cosines }
  end)
end

--- The first task whose gradient was not finite, and the update (from 1) at which; nil where there was none. Waits
-- for the device.
function task_log:broken()
  if not self.alive then return nil end
  local alive, fine, first, at = self.alive:totable(), self.fine:totable(), nil, math.huge
  for i, name in ipairs(self.names) do
    if alive[i] == 0 and fine[i] + 1 < at then first, at = name, fine[i] + 1 end
  end
  if first then return first, at end
end

--- What a checkpoint keeps.
function task_log:state_dict()
  return { sums = self.sums, counts = self.counts, alive = self.alive, fine = self.fine }
end

function task_log:load_state_dict(dict)
  self.sums, self.counts = keep(dict.sums), dict.counts
  self.alive, self.fine = dict.alive and keep(dict.alive), dict.fine and keep(dict.fine)
end

--- Means since the last call: { ["grad_norm/onehot"] = ..., ["grad_cosine/onehot-binary"] = ..., ... }.
function task_log:read()
  local record = {}
  local function put(key, value)
    if matches(key, self.patterns) then record[key] = value end
  end
  for what, sum in pairs(self.sums) do
    local means = (sum / self.counts[what]):totable()
    for i, name in ipairs(self.names) do
      if what == "cosines" then
        for k = i + 1, #self.names do put(("grad_cosine/%s-%s"):format(name, self.names[k]), means[i][k]) end
      else
        put((what == "norms" and "grad_norm/" or "task_weight/") .. name, means[i])
      end
    end
  end
  self.sums, self.counts = {}, {}
  return record
end

return task_log
