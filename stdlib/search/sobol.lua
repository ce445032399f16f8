--- Sobol's sequence: what torch.quasirandom.SobolEngine draws, by the same operators.
local sobol = {}

local BITS = 30

-- The operators' state of a number of dimensions, and the shift of all points (zero where not scrambled).
local function state_of(dimensions, scramble, seed)
  local state = torch.zeros(dimensions, BITS, { dtype = "int64" })
  torch._sobol_engine_initialize_state_(state, dimensions)
  if not scramble then return state, torch.zeros(dimensions, { dtype = "int64" }) end
  local generator = torch.Generator():manual_seed(seed)
  local powers = torch.tensor(2, { dtype = "int64" }):pow(torch.arange(0, BITS, { dtype = "int64" }))
  local shift = torch.mv(torch.randint(2, { dimensions, BITS }, { dtype = "int64", generator = generator }), powers)
  local matrices = torch.randint(2, { dimensions, BITS, BITS }, { dtype = "int64", generator = generator }):tril()
  torch._sobol_engine_scramble_(state, matrices, dimensions)
  return state, shift
end

--- The first `n` points: float64 [n, dimensions], in [0, 1).
function sobol.points(n, dimensions, scramble, seed)
  local state, quasi = state_of(dimensions, scramble, seed)
  local first = (quasi:to "float64" / 2 ^ BITS):reshape { 1, dimensions }
  if n == 1 then return first end
  local rest = torch._sobol_engine_draw(quasi:clone(), n - 1, state, dimensions, 0, { dtype = "float64" })
  return torch.cat { first, rest }
end

--- @param o { n, seed, scramble }
function sobol.new(o)
  local drawn = {}
  return {
    n = o.n,
    propose = function(axes, index)
      local count = #axes
      drawn[count] = drawn[count] or sobol.points(o.n, count, o.scramble, o.seed):totable()
      local values = {}
      for a, axis in ipairs(axes) do values[a] = axis.from_unit(drawn[count][index][a]) end
      return values
    end,
  }
end

return sobol
