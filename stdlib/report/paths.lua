--- Decoded paths as text, of some samples that show something.
local tabulate = require "tabulate"
local traversals = require "report.traversals"

local report = {}

--- The first sample of each label in turn, at most eval.examples of them (report/traversals.lua says what they are).
function report.examples(made)
  local wanted, seen = {}, {}
  for _, sample in ipairs(traversals(made)) do
    if #wanted >= made.o.eval.examples then break end
    if not seen[sample.y] then
      seen[sample.y] = true
      wanted[#wanted + 1] = sample
    end
  end
  return wanted
end

local kinds = { det = "deterministic", nondet = "nondeterministic", none = "no path of a label" }

--- artifacts/paths.txt
function report.write(made, run)
  local rows, names = {}, made.data.class_names
  for i, sample in ipairs(report.examples(made)) do
    rows[i] = { sample.index, names[sample.y + 1], table.concat(sample.path, " > "), kinds[sample.kind],
                sample.right and "right" or "wrong" }
  end
  run:write("artifacts/paths.txt", tabulate.text({ "sample", "label", "decoded path", "kind", "" }, rows,
    "rllll") .. "\n")
end

return report
