-- Tables of sweeps: means, spreads, what is in no mean, marks and tests, in each form. Numbers are those of numpy and
-- scipy.
local t = require "test"
local formats = require "sweep.formats"
local layout = require "sweep.layout"
local sweep_table = require "sweep.table"

local numbers = {
  base = { [0.1] = { 0.50, 0.52, 0.51, 0.49, 0.53 }, [1] = { 0.80, 0.81, 0.79, 0.82, 0.80 } },
  a_b = { [0.1] = { 0.55, 0.56, 0.57, 0.53, 0.58 }, [1] = { 0.80, 0.82, 0.79, 0.81, 0.81 } },
  b = { [0.1] = { 0.50, 0.53, 0.50, 0.50, 0.52 }, [1] = { 0.85, 0.86, 0.83, 0.88, 0.85 } },
}

local function results_of()
  local results = { keys = { "test.top1" }, cells = {}, spec = {
    name = "s", seeds = { 1, 2, 3, 4, 5 }, metrics = {}, space = {}, report = {},
    axes = { { key = "head", values = { "base", "a_b", "b" } }, { key = "share", values = { 0.1, 1 } } } } }
  for _, head in ipairs { "base", "a_b", "b" } do
    for _, share in ipairs { 0.1, 1 } do
      local cell = { label = "", values = { head = head, share = share }, params = {}, trials = {} }
      for seed, value in ipairs(numbers[head][share]) do
        cell.trials[seed] = { seed = seed, state = "done", values = { ["test.top1"] = value }, keys = { "test.top1" } }
      end
      results.cells[#results.cells + 1] = cell
    end
  end
  return results
end

local function options(more)
  local o = { rows = "head", cols = "share", over = "seed", mark = "best", test = "none", alpha = 0.05,
              cell = { metric = "test.top1", digits = 3, interval = false, scale = 1 } }
  for key, value in pairs(more or {}) do o[key] = value end
  return o
end

local tested = { baseline = "base", test = "paired_t" }

t.test("text: mean ± std (n), the best of a column, what does not differ from the baseline", function()
  t.eq(formats.text(sweep_table.of(results_of(), options(tested))), table.concat({
    "head           share=0.1                share=1",
    "──────────────────────────────────────────────────",
    "base   0.510 ± 0.016 (5)      0.804 ± 0.011 (5)",
    "a_b    0.558 ± 0.019 (5) *    0.806 ± 0.011 (5)  ~",
    "b      0.510 ± 0.014 (5)  ~   0.854 ± 0.018 (5) *",
    "test.top1: mean ± std (n); * the best of its column",
    "~ not significantly different from base (paired t test over seeds, Holm's",
    "correction for 4 comparisons, p < 0.05)" }, "\n"))
end)

t.test("p values and their correction are scipy's and Holm's", function()
  local made = sweep_table.of(results_of(), options(tested))
  local function near(place, p, corrected)
    t.near(place.p, p, 1e-12)
    t.near(place.corrected, corrected, 1e-12)
  end
  near(made.places[2][1], 0.00021283895567505382, 0.0006385168670251615)
  near(made.places[2][2], 0.6213082950374945, 1)
  near(made.places[3][1], 1, 1)
  near(made.places[3][2], 9.34927463999473e-05, 0.0003739709855997892)
  made = sweep_table.of(results_of(), options { baseline = "base", test = "wilcoxon" })
  t.near(made.places[3][2].p, 0.0625, 1e-12)
  t.ok(made.places[3][2].alike, "five pairs cannot be significant by ranks, after Holm")
end)

t.test("Markdown, LaTeX and CSV", function()
  local made = sweep_table.of(results_of(), options(tested))
  t.eq(formats.markdown(made), [[
| head | share=0.1 | share=1 |
| --- | ---: | ---: |
| base | 0.510 ± 0.016 (5) | 0.804 ± 0.011 (5) |
| a_b | **0.558 ± 0.019 (5)** | 0.806 ± 0.011 (5) ~ |
| b | 0.510 ± 0.014 (5) ~ | **0.854 ± 0.018 (5)** |

test.top1: mean ± std (n); bold: the best of its column; ~ not significantly different from base (paired t test over ]]
    .. "seeds, Holm's correction for 4 comparisons, p < 0.05)")
  local latex = formats.latex(made)
  t.ok(latex:find("a\\_b & \\textbf{0.558 $\\pm$ 0.019 (5)} & 0.806 $\\pm$ 0.011 (5)$^{\\sim}$ \\\\", 1, true), latex)
  t.ok(latex:find "^%% test%.top1: mean" and latex:find "\\end{tabular}$", latex)
  local csv = formats.csv(made)
  t.ok(csv:find "^head,share,mean,std,n,best,p,p_holm,state\n", csv)
  t.eq(select(2, csv:gsub("\n", "")), 6)
  t.ok(csv:find("\nbase,0.1,0.51", 1, true) and csv:find(",5,0,,,done\n", 1, true), csv)
end)

t.test("pruned, failed and halved trials are in no mean", function()
  local results = results_of()
  results.cells[3].pruned = 4                         -- a_b, 0.1
  results.cells[5].trials[2].state = "failed"         -- b, 0.1
  results.cells[6].trials[1].batch = 32               -- b, 1
  table.remove(results.cells, 4)                      -- a_b, 1: left out by where()
  local text = formats.text(sweep_table.of(results, options()))
  t.ok(text:find("\na_b                  pruned@4", 1, true), text)
  t.ok(text:find("\nb      0.505 ± 0.010 (4 of 5)     0.855 ± 0.021 (4 of 5) *\n", 1, true), text)
  t.ok(text:find("1 trial ran with a halved batch and is in no mean", 1, true), text)
end)

t.test("with one seed nothing is tested, and nothing is marked as alike", function()
  local results = results_of()
  for _, cell in ipairs(results.cells) do cell.trials = { cell.trials[1] } end
  local text = formats.text(sweep_table.of(results, options(tested)))
  t.ok(text:find("\nnothing is tested against base: a paired test needs two seeds that both have$"), text)
  t.ok(not text:find("~", 1, true), text)
end)

t.test("intervals, percent, several axes in the rows", function()
  local cell = { metric = "test.top1", digits = 1, interval = true, scale = 100 }
  local text = formats.text(sweep_table.of(results_of(), { over = "seed", mark = "none", test = "none", cell = cell }))
  -- scipy.stats.t.interval(0.95, 4, mean, sem) of base, 0.1: (0.490367, 0.529633)
  t.ok(text:find("\nbase   0.1     51.0 [49.0, 53.0] (5)\n", 1, true), text)
  t.ok(text:find("^head   share               test%.top1\n"), text)
end)

t.test("smaller is better where the metric's name says so", function()
  local results = results_of()
  for _, entry in ipairs(results.cells) do
    for _, trial in ipairs(entry.trials) do trial.values["test.ece"] = trial.values["test.top1"] end
  end
  local made = sweep_table.of(results, options { cell = { metric = "test.ece", digits = 3, scale = 1 } })
  t.eq({ made.places[1][2].best, made.places[3][2].best }, { true, nil })
end)

t.test("a metric that no trial has is said below the table", function()
  local cell = { metric = "test.topp1", digits = 3, scale = 1 }
  local text = formats.text(sweep_table.of(results_of(), options { cell = cell }))
  t.ok(text:find("\nno trial has measured 'test.topp1'; did you mean 'test.top1'?", 1, true), text)
end)

t.test("what a table's options get wrong", function()
  local spec = results_of().spec
  local function problem(more) return layout.problem(spec, options(more)) end
  t.eq(problem(), nil)
  t.eq(problem { rows = "haed" }, "the sweep has no axis 'haed'; did you mean 'head'?")
  t.eq(problem { cols = "head" }, "'head' is named twice in rows and cols")
  t.eq(problem { rows = "seed" }, "means are taken over the seeds: they are no rows or columns")
  t.eq(problem { baseline = "bases" }, "the axis 'head' has no value 'bases'; did you mean 'base'?")
end)
