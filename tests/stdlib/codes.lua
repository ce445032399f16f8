local t = require "test"
local codes = require "codes"

-- Known answer 003-13: the properties of 100 labels of 512 fair bits.
t.test("random codes: shape, bits, seed, distinct rows, fair coins, distances", function()
  local rows, ones, least, most = codes.random(100, 512, 7), 0, 512, 0
  t.eq(#rows, 100)
  for i = 1, 100 do
    t.eq(#rows[i], 512)
    for _, bit in ipairs(rows[i]) do
      t.ok(bit == 0 or bit == 1)
      ones = ones + bit
    end
    for j = 1, i - 1 do
      local distance = codes.distance(rows[i], rows[j])
      least, most = math.min(least, distance), math.max(most, distance)
    end
  end
  t.near(ones / 51200, 0.5, 0.01)
  t.ok(least >= 256 - 90 and most <= 256 + 90, least .. ".." .. most)
  t.eq(codes.random(3, 64, 7), codes.random(3, 64, 7))
  t.ok(codes.distance(codes.random(1, 64, 7)[1], codes.random(1, 64, 8)[1]) > 0)
end)

t.test("min_distance holds for every pair", function()
  local rows = codes.random(10, 64, 1, 0.4)
  for i = 1, 10 do
    for j = 1, i - 1 do t.ok(codes.distance(rows[i], rows[j]) >= 26) end
  end
end)

t.test("hadamard codes differ in exactly half of the bits", function()
  local rows = codes.hadamard(10, 16)
  for i = 1, 10 do
    for j = 1, i - 1 do t.eq(codes.distance(rows[i], rows[j]), 8) end
  end
end)

t.test("impossible codes are refused with the reason", function()
  t.raises(function() codes.random(5, 2, 1) end, "2 bits give only 4 different labels, 5 classes need one each")
  t.raises(function() codes.random(40, 16, 1, 0.5) end, "lower min_distance or take more bits")
  t.raises(function() codes.hadamard(10, 12) end, "power of two")
  t.raises(function() codes.hadamard(16, 16) end, "15 hadamard codes, 16 are needed")
end)
