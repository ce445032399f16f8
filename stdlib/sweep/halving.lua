--- The decisions of asha: which cells go on at a rung. It knows numbers alone; when a result comes and who waits for
-- what is the coordinator's.
--
-- Within a stratum n cells come to the first rung, and the best max(1, floor(n / eta)) of each rung come to the next. A
-- decision is "settled" when no result to come could change it: a cell stops when as many as may go on are better, and
-- goes on when it would be among them even if all that are missing were better. "early" lets a cell go on as soon as it
-- is among the best 1 / eta of those that have come (Li et al. 2020, algorithm 2).
local Halving = {}
Halving.__index = Halving

local halving = {}

--- @param o { mode, eta, decide }
-- @param rungs number of rungs
-- @param strata { [name] = cells that will come }
function halving.new(o, rungs, strata)
  local self = setmetatable({ o = o, rungs = rungs, strata = {}, verdicts = {} }, Halving)
  for name, count in pairs(strata) do
    local stratum = {}
    for k = 1, rungs do stratum[k] = { reported = {}, value = {} } end
    stratum[1] = stratum[1] or { reported = {}, value = {} }
    stratum[1].n = count
    self.strata[name] = stratum
  end
  return self
end

local function quota(self, n) return math.max(1, math.floor(n / self.o.eta)) end

-- Is a before b? nan is last, equal ones go by their numbers.
local function ahead(self, rung, a, b)
  local x, y = rung.value[a], rung.value[b]
  if x ~= x or y ~= y then
    if x ~= x and y ~= y then return a < b end
    return x == x
  end
  if x ~= y then return (self.o.mode == "min") == (x < y) end
  return a < b
end

-- How many come to rung k; nil while that is open.
local function expected(self, stratum, k)
  if k == 1 then return stratum[1].n end
  local before = stratum[k - 1]
  local n = expected(self, stratum, k - 1)
  if not n then return nil end
  if self.o.decide == "settled" then return quota(self, n) end
  if #before.reported < n then return nil end
  local count = 0
  for _, cell in ipairs(before.reported) do
    local verdict = self.verdicts[cell] and self.verdicts[cell][k - 1]
    if not verdict then return nil end
    count = count + (verdict == "go" and 1 or 0)
  end
  return count
end

--- What a cell reached at rung k (1, 2, ...): the mean over its seeds; nan where it has none.
-- @param cell a number, by which equal ones are ordered
function Halving:report(stratum, cell, k, value)
  local rung = self.strata[stratum][k]
  if rung.value[cell] == nil then rung.reported[#rung.reported + 1] = cell end
  rung.value[cell] = value
end

--- A verdict that fell before (read from a journal).
function Halving:set(cell, k, verdict)
  self.verdicts[cell] = self.verdicts[cell] or {}
  self.verdicts[cell][k] = self.verdicts[cell][k] or verdict
end

--- "go", "stop" or nil.
function Halving:verdict(cell, k) return self.verdicts[cell] and self.verdicts[cell][k] end

-- New verdicts of one rung.
local function decide(self, stratum, k, found)
  local rung, n = stratum[k], expected(self, stratum, k)
  local allowed = n and quota(self, n)
  for _, cell in ipairs(rung.reported) do
    if not self:verdict(cell, k) then
      local better = 0
      for _, other in ipairs(rung.reported) do
        if other ~= cell and ahead(self, rung, other, cell) then better = better + 1 end
      end
      local verdict
      if n and better >= allowed then
        verdict = "stop"
      elseif n and better + n - #rung.reported < allowed then
        verdict = "go"
      elseif self.o.decide == "early" and better < math.floor(#rung.reported / self.o.eta) then
        verdict = "go"
      end
      if verdict then
        found[#found + 1] = { cell = cell, rung = k, verdict = verdict }
        self:set(cell, k, verdict)
      end
    end
  end
end

--- Decides what can be decided: list of { cell, rung, verdict } that are new, in the order of strata and cells.
function Halving:decide()
  local found, names = {}, {}
  for name in pairs(self.strata) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    for k = 1, self.rungs do decide(self, self.strata[name], k, found) end
  end
  return found
end

return halving
