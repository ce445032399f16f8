--- Line search by the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6) with
-- cubic interpolation (their equation 3.59).

-- The minimum of the cubic through two points with slopes, within bounds; their middle where there is none.
local function cubic(x1, f1, g1, x2, f2, g2, low, high)
  if not low then low, high = math.min(x1, x2), math.max(x1, x2) end
  local d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
  local square = d1 * d1 - g1 * g2
  if not (square >= 0) then return (low + high) / 2 end
  local d2, at = math.sqrt(square), nil
  if x1 <= x2 then at = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
  else at = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2)) end
  if not (at >= low) then at = low end -- also where it is no number
  return math.min(at, high)
end

--- @param evaluate function(step) -> loss, gradient, slope along the direction
-- @param step the first guess
-- @param loss, gradient, slope where the search starts
-- @param o { largest = the direction's largest component, tolerance_change, max_evals, c1, c2 }
-- @return loss, gradient, step, number of evaluations
return function(evaluate, step, loss, gradient, slope, o)
  local c1, c2 = o.c1 or 1e-4, o.c2 or 0.9
  local function point(t)
    local f, g, s = evaluate(t)
    return { t = t, f = f, g = g, slope = s }
  end
  local start = { t = 0, f = loss, g = gradient, slope = slope }
  local before, now = start, point(step)
  local evals, round, low, high, done = 1, 0, nil, nil, false

  -- until an interval holds a point that satisfies the conditions
  while round < o.max_evals do
    if now.f > loss + c1 * now.t * slope or (round > 1 and now.f >= before.f) then low, high = before, now break end
    if math.abs(now.slope) <= -c2 * slope then low, high, done = now, now, true break end
    if now.slope >= 0 then low, high = before, now break end
    local t = cubic(before.t, before.f, before.slope, now.t, now.f, now.slope, now.t + 0.01 * (now.t - before.t),
      now.t * 10)
    before, now = now, point(t)
    evals, round = evals + 1, round + 1
  end
  if not low then low, high = start, now end

  -- `one` and `two` are the ends in the order in which they were found, which the interpolation keeps
  local one, two, stuck = low, high, false
  low, high = one, two
  if not (one.f <= two.f) then low, high = two, one end
  while not done and round < o.max_evals do
    if math.abs(two.t - one.t) * o.largest < o.tolerance_change then break end
    local t = cubic(one.t, one.f, one.slope, two.t, two.f, two.slope)
    -- too near an end, twice or at the end itself: a tenth of the interval away from it
    local least, most = math.min(one.t, two.t), math.max(one.t, two.t)
    local margin = 0.1 * (most - least)
    if math.min(most - t, t - least) < margin then
      if stuck or t >= most or t <= least then
        t = math.abs(t - most) < math.abs(t - least) and most - margin or least + margin
        stuck = false
      else
        stuck = true
      end
    else
      stuck = false
    end
    now = point(t)
    evals, round = evals + 1, round + 1
    local low_is_one = low == one
    if now.f > loss + c1 * t * slope or now.f >= low.f then
      high = now -- no decrease, or not below the lowest
      if low_is_one then two = now else one = now end
      low, high = one, two
      if not (one.f <= two.f) then low, high = two, one end
    else
      if math.abs(now.slope) <= -c2 * slope then
        done = true
      elseif now.slope * (high.t - low.t) >= 0 then
        high = low
        if low_is_one then two = low else one = low end
      end
      low = now
      if low_is_one then one = now else two = now end
    end
  end
  return low.f, low.g, low.t, evals
end
