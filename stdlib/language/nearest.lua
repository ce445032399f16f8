--- The nearest name, with the measure and the wording of the host (host/error.cpp), so that a misspelt key of a script
-- and a misspelt operator are answered alike.

local nearest = {}

-- Damerau's optimal string alignment, without regard to case.
local function distance(a, b)
  a, b = a:lower(), b:lower()
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

--- The candidate nearest to `word`, or nil where more than a third of its letters (at least one allowed) differ.
function nearest.find(word, candidates)
  local allowed = math.max(1, math.floor(#word / 3))
  local best, found = allowed + 1, nil
  for _, candidate in ipairs(candidates) do
    local d = distance(word, candidate)
    if d < best or (d == best and found and candidate < found) then best, found = d, candidate end
  end
  return found
end

--- "; did you mean 'weight_decay'?" or "".
function nearest.did_you_mean(word, candidates)
  local found = nearest.find(word, candidates)
  return found and ("; did you mean '" .. found .. "'?") or ""
end

--- The nearest name, or where none is near all there are while they fit a line: "; did you mean 'lr'?", " (widths,
-- bias)".
function nearest.or_all(word, candidates)
  local said = nearest.did_you_mean(word, candidates)
  if said ~= "" or #candidates == 0 then return said end
  local all = " (" .. table.concat(candidates, ", ") .. ")"
  return #all <= 120 and all or ""
end

return nearest
