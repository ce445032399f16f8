--- Is the model as sure as it is right? artifacts/reliability.txt, and as numbers reliability.json.
local metric = require "host.metric"
local predictions = require "predictions"
local report_files = require "report_files"
local tabulate = require "tabulate"

local report = { of_any_model = true }

local Report = {}

function Report:__tostring()
  local rows, bins = {}, #self.count
  for i, count in ipairs(self.count) do
    if count > 0 then
      rows[#rows + 1] = { ("%.3f - %.3f"):format((i - 1) / bins, i / bins), count, ("%.3f"):format(self.confidence[i]),
                          ("%.3f"):format(self.accuracy[i]), tabulate.signed(self.accuracy[i] - self.confidence[i]) }
    end
  end
  return tabulate.text({ "confidence", "samples", "mean", "right", "difference" }, rows)
    .. ("\n\nECE %.4f, MCE %.4f"):format(self.ece, self.mce)
end

--- Bins of confidence (Guo et al. 2017).
-- @param confidence list or tensor [N] of the probabilities of the predicted classes
-- @param hit bool [N]: whether each was right
-- @return { count, confidence, accuracy: lists of `bins` numbers, ece, mce }, which prints as a table
function report.of(confidence, hit, bins)
  return setmetatable(metric.reliability(confidence, hit, bins or 15), Report)
end

function report.check(made)
  if made.model.decisions and made.o.eval.decode ~= "class" then
    error("eval.report: \"reliability\": a path_decoder gives probabilities of all classes only with "
      .. "decode = \"class\"", 0)
  end
end

function report.write(made, run)
  local found = predictions.of(made)
  if not found.confidence then error("eval.report: \"reliability\": this head gives no probabilities", 0) end
  local y = torch.tensor(found.y, { dtype = "int64" })
  local made_report = report.of(found.confidence, y:eq(torch.tensor(found.predicted, { dtype = "int64" })))
  local bins, n = {}, #made_report.count
  for i, count in ipairs(made_report.count) do
    if count > 0 then -- an empty one has no means
      bins[#bins + 1] = { low = (i - 1) / n, high = i / n, samples = count, confidence = made_report.confidence[i],
                          accuracy = made_report.accuracy[i] }
    end
  end
  report_files(run, "reliability", made_report, { bins = bins, ece = made_report.ece, mce = made_report.mce })
end

return report
