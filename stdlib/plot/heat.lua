local numbers = require "plot_numbers"
local plotting = require "plotting"
local schema = require "schema"

--- A matrix as coloured cells, with numbers in those that have room. Cells that are nan are marked.
-- @usage plot.heat { values = torch.randn(3, 3), rows = { "cat", "dog", "bird" }, diverging = true }
return plotting.declare("plot.heat", {
  { "values", "any", schema.required, "numbers [R, C]", at = 1 },
  { "rows", "list of string", schema.optional, "names of the R rows" },
  { "columns", "list of string", schema.optional, "names of the C columns; those of the rows where it is square" },
  { "label", "string", "", "what the numbers are, with their unit" },
  { "row_label", "string", "", "what the rows are" },
  { "column_label", "string", "", "what the columns are" },
  { "diverging", "boolean", false, "two hues around 0" },
  { "low", "number", schema.optional, "value of the lowest colour; the least value where absent" },
  { "high", "number", schema.optional, "value of the highest colour; the greatest value where absent" },
}, function(o)
  local rows, columns = numbers.matrix(o.values, "plot.heat: values")
  local names = numbers.names(o.rows, #rows, "plot.heat: rows")
  local square = #rows == columns and names or nil
  return { kind = "heat", values = numbers.flat(rows), rows = names,
           columns = numbers.names(o.columns or square, columns, "plot.heat: columns"), label = o.label,
           row_label = o.row_label, column_label = o.column_label, diverging = o.diverging, low = o.low, high = o.high }
end)
