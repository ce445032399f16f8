--- Which classes are taken for which: artifacts/confusion.txt, and as numbers confusion.json.
local metric = require "host.metric"
local predictions = require "predictions"
local report_files = require "report_files"
local tabulate = require "tabulate"

local report = { of_any_model = true }

local widest = 20 -- classes of which the whole matrix is shown
local listed = 20 -- confusions that are listed

local Report = {}

local function matrix(self)
  local header, rows = { "true \\ predicted" }, {}
  for i, name in ipairs(self.classes) do header[i + 1] = name end
  for i, counts in ipairs(self.counts) do
    rows[i] = { self.classes[i] }
    for k, count in ipairs(counts) do rows[i][k + 1] = count > 0 and count or "." end
  end
  return tabulate.text(header, rows)
end

function Report:__tostring()
  local rows = {}
  for i = 1, math.min(listed, #self.pairs) do
    local pair = self.pairs[i]
    rows[i] = { pair[1], pair[2], pair[3], ("%.1f %%"):format(100 * pair[4]) }
  end
  local list = #rows == 0 and "no class is taken for another"
    or tabulate.text({ "class", "taken for", "samples", "of the class" }, rows, "llrr")
  return #self.classes <= widest and matrix(self) .. "\n\n" .. list or list
end

--- The confusions of some samples; arguments as of report.per_class.
-- @return { classes = names, counts = list of rows, a row for each true class, pairs = list of { class, taken for,
--   samples, share of the class }, the most frequent first }, which prints as a table
function report.of(y, predicted, names)
  y, predicted = torch.tensor(y, { dtype = "int64" }), torch.tensor(predicted, { dtype = "int64" })
  local all = metric.confusion(y, predicted, #names)
  local occurs, total = all:sum(0):totable(), {}
  for _, class in ipairs(y:totable()) do total[class + 1] = (total[class + 1] or 0) + 1 end
  local found, index = { classes = {}, counts = {}, pairs = {} }, {}
  for i, count in ipairs(occurs) do
    if count > 0 or total[i] then index[#index + 1], found.classes[#found.classes + 1] = i, names[i] end
  end
  local rows = all:totable()
  for a, i in ipairs(index) do
    found.counts[a] = {}
    for b, k in ipairs(index) do
      local count = rows[i][k]
      found.counts[a][b] = count
      if a ~= b and count > 0 then table.insert(found.pairs, { names[i], names[k], count, count / total[i], a, b }) end
    end
  end
  table.sort(found.pairs, function(p, q)
    if p[3] ~= q[3] then return p[3] > q[3] end
    if p[5] ~= q[5] then return p[5] < q[5] end
    return p[6] < q[6]
  end)
  for _, pair in ipairs(found.pairs) do pair[5], pair[6] = nil, nil end
  return setmetatable(found, Report)
end

function report.write(made, run)
  local found = predictions.of(made)
  local made_report = report.of(found.y, found.predicted, found.names)
  report_files(run, "confusion", made_report, { classes = made_report.classes, counts = made_report.counts })
end

return report
