--- Which labels a learnt matrix of similarities holds for alike.
local tabulate = require "tabulate"

local similar_labels = {}

local Similar = {}

function Similar:__tostring()
  local header, rows = { "label" }, {}
  for k = 1, self.index:size(1) do header[k + 1] = k == 1 and "most similar" or ("%d."):format(k) end
  for i, list in ipairs(self.similar) do
    rows[i] = { self.labels[i] }
    for k, item in ipairs(list) do rows[i][k + 1] = ("%s %.3f"):format(item[1], item[2]) end
  end
  return tabulate.text(header, rows)
end

--- The `count` labels that are most similar to each label, itself left out; ties go to the smaller number.
-- @param matrix float [K, K], larger is more alike
-- @param labels K names
-- @return { labels, index = long [K, count], value = float [K, count], similar = for each label a list of { name,
-- similarity } }, which prints as a table
function similar_labels.of(matrix, labels, count)
  local k = matrix:size(0)
  if k ~= #labels or matrix:size(1) ~= k then
    error(("similar_labels: %d labels, but the matrix is %s"):format(#labels, tostring(matrix.shape)), 2)
  end
  count = math.min(count or 3, k - 1)
  local others = torch.where(torch.eye(k, { dtype = "bool", device = matrix.device }), -math.huge, matrix:detach())
  local value, index = others:sort { dim = 1, descending = true, stable = true }
  value, index = value:narrow(1, 0, count):contiguous(), index:narrow(1, 0, count):contiguous()
  local similar, values = {}, value:totable()
  for i, row in ipairs(index:totable()) do
    similar[i] = {}
    for n, other in ipairs(row) do similar[i][n] = { labels[other + 1], values[i][n] } end
  end
  return setmetatable({ labels = labels, index = index, value = value, similar = similar }, Similar)
end

--- Rows of a heat map: the softmax of each label's similarities, float [K, K].
function similar_labels.heat(matrix) return matrix:detach():softmax(1) end

return similar_labels
