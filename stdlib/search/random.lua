--- Random points: a stream of its own for each axis, so that a further axis changes none of the others.
local rng = require "host.rng"

local random = {}

--- Numbers in [0, 1) that depend on nothing but their names: random.unit(seed, "lr", 3).
function random.unit(seed, ...)
  local name = table.concat({ ... }, "/")
  return rng.derive_seed(seed, name) % 2 ^ 53 / 2 ^ 53
end

--- @param o { n, seed }
function random.new(o)
  return {
    n = o.n,
    propose = function(axes, index)
      local values = {}
      for a, axis in ipairs(axes) do values[a] = axis.from_unit(random.unit(o.seed, axis.key, tostring(index))) end
      return values
    end,
  }
end

return random
