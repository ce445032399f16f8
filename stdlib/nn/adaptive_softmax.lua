--- Softmax over many classes by frequency (Grave et al. 2017): a head of frequent classes and clusters of rare ones.
local define = require "nn.define"

local function log_softmax(x) return require("torch").log_softmax(x, 1) end

-- Log probabilities of all classes, [N, n_classes].
local function all(self, input)
  local torch = require "torch"
  local head = log_softmax(self.head(input))
  local first = self.cutoffs[1]
  local columns = { head[{ ":", { 0, first } }] }
  for i = 1, #self.cutoffs - 1 do
    columns[i + 1] = log_softmax(self.tail[i - 1](input)) + head[{ ":", first + i - 1 }]:unsqueeze(1)
  end
  return torch.cat(columns, 1)
end

--- adaptive(input [N, in] or [in], target [N] or []) -> log probability of each target, mean loss.
local layer = define.layer("AdaptiveLogSoftmaxWithLoss(in_features, n_classes, cutoffs, div_value=4.0, head_bias=false, device=nil, dtype=nil)", {
  init = function(self, in_features, n_classes, cutoffs, div_value, head_bias, device, dtype)
    local nn = require "nn"
    local before = 0
    for _, cutoff in ipairs(cutoffs) do
      if cutoff <= before or cutoff > n_classes - 1 or cutoff % 1 ~= 0 then before = math.huge else before = cutoff end
    end
    if #cutoffs == 0 or before == math.huge then
      error("AdaptiveLogSoftmaxWithLoss: cutoffs should be unique, positive integers in increasing order, each between 1 and n_classes-1", 0)
    end
    local list = { unpack(cutoffs) }
    list[#list + 1] = n_classes
    self.in_features, self.n_classes, self.cutoffs, self.div_value = in_features, n_classes, list, div_value
    local function made(bias) return { bias = bias, device = device, dtype = dtype } end
    self.head = nn.Linear(in_features, list[1] + #list - 1, made(head_bias))
    self.tail = nn.ModuleList()
    for i = 1, #list - 1 do
      local width = math.floor(in_features / div_value ^ i)
      self.tail:append(nn.Sequential(nn.Linear(in_features, width, made(false)), nn.Linear(width, list[i + 1] - list[i], made(false))))
    end
  end,
  forward = function(self, input, target)
    local torch = require "torch"
    if target.ndim > 1 then error("AdaptiveLogSoftmaxWithLoss: 0D or 1D target tensor expected, multi-target not supported", 0) end
    if input.ndim ~= target.ndim + 1 then
      error(("AdaptiveLogSoftmaxWithLoss: %dD target tensor expects %dD input tensors, got %s"):format(target.ndim, target.ndim + 1,
        tostring(input.shape)), 0)
    end
    local single = target.ndim == 0
    if single then input, target = input:unsqueeze(0), target:unsqueeze(0) end
    if #input ~= #target then error("AdaptiveLogSoftmaxWithLoss: input and target should have the same size in the batch dimension", 0) end
    if target:lt(0):logical_or(target:ge(self.n_classes)):any():item() then
      error(("AdaptiveLogSoftmaxWithLoss: target values should be in [0, %d], but values in [%d, %d] were found"):format(self.n_classes - 1,
        target:min():item(), target:max():item()), 0)
    end
    local first = self.cutoffs[1]
    local column, output = target:clone(), input:new_zeros(#target)
    for i = 1, #self.cutoffs - 1 do
      local low, high = self.cutoffs[i], self.cutoffs[i + 1]
      local rows = target:ge(low):logical_and(target:lt(high)):nonzero():squeeze(1)
      if #rows > 0 then
        local inside = target:index_select(0, rows) - low
        local share = log_softmax(self.tail[i - 1](input:index_select(0, rows))):gather(1, inside:unsqueeze(1)):squeeze(1)
        column = column:index_fill(0, rows, first + i - 1)
        output = output:index_copy(0, rows, share)
      end
    end
    output = output + log_softmax(self.head(input)):gather(1, column:unsqueeze(1)):squeeze(1)
    local loss = (-output):mean()
    return single and output:squeeze(0) or output, loss
  end,
})

--- Log probabilities of all classes for each row of input, [N, n_classes].
function layer:log_prob(input) return all(self, input) end

--- The most probable class of each row.
function layer:predict(input) return all(self, input):argmax(1) end

return { AdaptiveLogSoftmaxWithLoss = layer }
