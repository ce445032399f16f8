--- Binary codes, one a class: what head.binary learns. Made in plain Lua from their own seed, so that the same seed
-- gives the same codes on every device and in every version of LibTorch.
local bit = require "bit"

local codes = {}

-- mulberry32: a 32-bit generator with full period, enough for fair coins and the same on every machine.
local function coins(seed)
  local state = bit.tobit(seed)
  local function multiply(a, b) -- the low 32 bits of a * b; doubles are exact below 2^53
    local high, low = bit.rshift(a, 16), bit.band(a, 0xFFFF)
    return bit.tobit(bit.lshift(bit.tobit((high * (b % 2 ^ 32)) % 2 ^ 32), 16) + (low * (b % 2 ^ 32)) % 2 ^ 32)
  end
  local word, left = 0, 0
  return function()
    if left == 0 then
      state = bit.tobit(state + 0x6D2B79F5)
      local t = multiply(bit.bxor(state, bit.rshift(state, 15)), bit.bor(1, state))
      t = bit.bxor(t, bit.tobit(t + multiply(bit.bxor(t, bit.rshift(t, 7)), bit.bor(61, t))))
      word, left = bit.bxor(t, bit.rshift(t, 14)), 32
    end
    local coin = bit.band(word, 1)
    word, left = bit.rshift(word, 1), left - 1
    return coin
  end
end

--- Number of places in which two codes differ.
function codes.distance(a, b)
  local count = 0
  for i = 1, #a do
    if a[i] ~= b[i] then count = count + 1 end
  end
  return count
end

--- `n` codes of `bits` fair coins, each at least `min_distance` (a share of the bits; at least one bit: codes are
-- distinct) from every earlier one; a row that is too near is drawn again.
-- Errors: no such set found within 1,000 draws for a row, or more codes than 2^bits.
-- @return a list of n lists of 0 and 1
function codes.random(n, bits, seed, min_distance)
  if bits < 32 and n > 2 ^ bits then
    error(("%d bits give only %d different labels, %d classes need one each"):format(bits, 2 ^ bits, n), 0)
  end
  local least = math.max(1, math.ceil((min_distance or 0) * bits))
  local coin, rows = coins(seed), {}
  for r = 1, n do
    for attempt = 1, 1000 do
      local row, far = {}, true
      for i = 1, bits do row[i] = coin() end
      for other = 1, r - 1 do
        if codes.distance(row, rows[other]) < least then
          far = false
          break
        end
      end
      if far then
        rows[r] = row
        break
      end
    end
    if not rows[r] then
      error(("no %d codes of %d bits with a distance of at least %d bits found; lower min_distance or take more bits")
        :format(n, bits, least), 0)
    end
  end
  return rows
end

--- Rows of a Hadamard matrix (Sylvester's) as 0 and 1: any two differ in exactly half of the bits.
-- Errors: bits not a power of two, or not more than n (row 0 is constant and left out).
function codes.hadamard(n, bits)
  local power = math.log(bits) / math.log(2)
  if math.abs(power - math.floor(power + 0.5)) > 1e-9 then
    error(("hadamard codes need a power of two as bits, got %d"):format(bits), 0)
  end
  if n >= bits then error(("%d bits give %d hadamard codes, %d are needed"):format(bits, bits - 1, n), 0) end
  local rows = {}
  for r = 1, n do
    rows[r] = {}
    for column = 0, bits - 1 do
      local word, parity = bit.band(r, column), 0
      while word ~= 0 do
        word, parity = bit.band(word, word - 1), 1 - parity
      end
      rows[r][column + 1] = parity
    end
  end
  return rows
end

return codes
