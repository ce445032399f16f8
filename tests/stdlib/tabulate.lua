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

t.test("a tabular of LaTeX, with what LaTeX would take for commands escaped", function()
  t.eq(tabulate.latex({ "row", "top1" }, { { "50 % of a_b & <c>", "0.9 ± 0.1" }, { "\\x" } }), [[
\begin{tabular}{lr}
\toprule
row & top1 \\
\midrule
50 \% of a\_b \& \textless{}c\textgreater{} & 0.9 $\pm$ 0.1 \\
\textbackslash{}x &  \\
\bottomrule
\end{tabular}]])
end)

t.test("CSV: quotes where they are needed, numbers in full, nothing for what is not finite", function()
  t.eq(tabulate.csv({ "a", "b,c" }, { { 'say "x"', 0.1 }, { 3, 0 / 0 }, { "two\nlines", 1 / 3 }, { nil, false } }),
    'a,"b,c"\r\n"say ""x""",0.1\r\n3,\r\n"two\nlines",0.33333333333333331\r\n,\r\n')
end)

t.test("JSON: objects in order, null for what is not finite", function()
  local json, system = require "json_text", require "host.system"
  local text = json.encode(json.object { { "z", { 1, 0.1, "é\"\n\1" } }, { "a", json.null }, { "n", 0 / 0 }, { "t", { b = true } } })
  t.eq(text, '{"z":[1,0.1,"é\\"\\n\\u0001"],"a":null,"n":null,"t":{"b":true}}')
  t.eq(system.json(text).z, { 1, 0.1, "é\"\n\1" })
  t.eq(json.encode {}, "[]")
  t.eq(json.encode(json.object {}), "{}")
  t.raises(function() json.encode { print } end, "a function has no text in JSON")
end)

t.test("how long something took, in the unit that says it", function()
  local span = require "run_page".span
  t.eq({ span(0.2), span(59), span(150), span(5400), span(86400 * 3), span(-1) },
    { "0 s", "59 s", "2.5 min", "1.5 h", "3 days", "-1 s" })
end)
