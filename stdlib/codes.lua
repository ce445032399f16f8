--- Binary codes, one a class: what head.binary learns. The same seed gives the same codes on every device and in every
-- version of LibTorch.
local host = require "host.representation"

local codes = {}

--- `n` codes of `bits` fair coins, each at least `min_distance` (a share of the bits; at least one bit: codes are
-- distinct) from every earlier one; a row that is too near is drawn again.
-- Errors: no such set found within 1,000 draws for a row, or more codes than 2^bits.
-- @return uint8 [n, bits] of 0 and 1
function codes.random(n, bits, seed, min_distance) return host.random_codes(n, bits, seed, min_distance or 0) end

--- Rows of a Hadamard matrix (Sylvester's) as 0 and 1: any two differ in exactly half of the bits.
-- Errors: bits not a power of two, or not more than n (row 0 is constant and left out).
-- @return uint8 [n, bits]
function codes.hadamard(n, bits) return host.hadamard_codes(n, bits) end

--- The number of bits in which codes differ: [n, bits] and [k, bits] -> int64 [n, k].
function codes.distances(a, b)
  a, b = a:float(), b:float()
  return (a:matmul((1 - b):t()) + (1 - a):matmul(b:t())):long()
end

return codes
