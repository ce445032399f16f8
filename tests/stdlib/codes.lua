local t = require "test"
local codes = require "codes"

-- The entries of [n, n] beside the diagonal.
local function apart(rows)
  local n = rows:size(0)
  return codes.distances(rows, rows):masked_select(torch.eye(n, { dtype = "bool" }):logical_not())
end

-- Known answer 003-13: the properties of 100 labels of 512 fair bits.
t.test("random codes: shape, bits, seed, distinct rows, fair coins, distances", function()
  local rows = codes.random(100, 512, 7)
  t.eq(rows.shape, { 100, 512 })
  t.eq(rows.dtype, "uint8")
  t.ok(rows:le(1):all():item())
  t.near(rows:float():mean():item(), 0.5, 0.01)
  local distances = apart(rows)
  t.ok(distances:min():item() >= 256 - 90 and distances:max():item() <= 256 + 90, tostring(distances:min()))
  t.ok(torch.equal(codes.random(3, 64, 7), codes.random(3, 64, 7)))
  t.ok(codes.distances(codes.random(1, 64, 7), codes.random(1, 64, 8)):item() > 0)
end)

-- Runs that are kept must find their words again: these bits may never change.
t.test("the same words in every version", function()
  local words = {}
  for i, row in ipairs(codes.random(3, 40, 7, 0.4):totable()) do words[i] = table.concat(row) end
  t.eq(words, { "0011010010101000111111110100000001001000",
                "1111111000111011111100000111101001111001",
                "0110100001011111011010011101000111001111" })
end)

t.test("distances are numbers of differing bits", function()
  local a = torch.tensor({ { 0, 1, 1 }, { 1, 1, 1 } }, { dtype = "uint8" })
  local b = torch.zeros(1, 3, { dtype = "uint8" })
  t.eq(codes.distances(a, b):totable(), { { 2 }, { 3 } })
end)

t.test("min_distance holds for every pair", function()
  t.ok(apart(codes.random(10, 64, 1, 0.4)):min():item() >= 26)
end)

t.test("few bits: every word is another one, and all of them may be used", function()
  t.eq(codes.random(16, 4, 3):float():matmul(torch.tensor { 8, 4, 2, 1 }):sort():totable(),
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 })
end)

t.test("hadamard codes differ in exactly half of the bits", function()
  t.ok(apart(codes.hadamard(10, 16)):eq(8):all():item())
end)

t.test("words of very many classes", function()
  local rows = codes.random(20000, 128, 1)
  t.eq(rows.shape, { 20000, 128 })
  t.eq(torch.unique_dim(rows, 0):size(0), 20000)
end)

t.test("impossible codes are refused with the reason", function()
  t.raises(function() codes.random(5, 2, 1) end, "2 bits give only 4 different labels, 5 classes need one each")
  t.raises(function() codes.random(40, 16, 1, 0.5) end, "lower min_distance or take more bits")
  t.raises(function() codes.random(2, 8, 1, 1.5) end, "min_distance is a share in [0, 1], got 1.5")
  t.raises(function() codes.hadamard(10, 12) end, "power of two")
  t.raises(function() codes.hadamard(16, 16) end, "15 hadamard codes, 16 are needed")
end)
