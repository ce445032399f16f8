local t = require "test"
local tabulate = require "tabulate"

t.test("statistics are the mean, the sample deviation and n", function()
  local mean, std, n = tabulate.statistics { 2, 4, 4, 4, 5, 5, 7, 9 }
  t.near(mean, 5)
  t.near(std, math.sqrt(32 / 7), 1e-12)
  t.eq(n, 8)
end)

t.test("one value has no spread, no value no mean, nan stays", function()
  t.eq({ tabulate.statistics { 3 } }, { 3, nil, 1 })
  t.eq(tabulate.mean_std {}, "-")
  t.eq(tabulate.mean_std { 0.5 }, "0.500")
  local mean = tabulate.statistics { 1, 0 / 0 }
  t.ok(mean ~= mean)
end)

t.test("cells are padded by what is seen, numbers to the right", function()
  local text = tabulate.text({ "row", "top1" }, { { "a", "0.9 ± 0.1" }, { "long", "1" } })
  t.eq(text, "row         top1\n────────────────\na      0.9 ± 0.1\nlong           1")
end)

t.test("a missing cell is empty", function()
  local text = tabulate.text({ "a", "b", "c" }, { { "x", nil, "1" } })
  t.eq(text:match "[^\n]*$", "x       1")
end)

t.test("a table of Markdown", function()
  t.eq(tabulate.markdown({ "row", "n" }, { { "a|b", 1 }, { "c" } }),
    "| row | n |\n| --- | ---: |\n| a\\|b | 1 |\n| c |  |")
end)

t.test("a line is cut by what is seen of it", function()
  t.eq(tabulate.cut("abc", 3), "abc")
  t.eq(tabulate.cut("abcd", 3), "ab…")
  t.eq(tabulate.cut("± ± ±", 4), "± ±…")
  t.eq(tabulate.width(tabulate.cut("± ± ±", 4)), 4)
end)
