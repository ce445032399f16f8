local evaluated = require "evaluated"
local host = require "host.adaptive"
local reduction = require "reduction"
local schema = require "schema"
local Linear = require "nn.linear"

local Lwr = {}
Lwr.__index = Lwr

--- features [B, F] -> logits [B, K]
function Lwr:forward(features) return self.module(features) end

--- How much soft labels count in epoch e of `total`, both from 1: nothing in the first k epochs, then 0.9 e / total,
-- where the form "lwr" takes for e the epoch in which they were stored.
function Lwr:share(e, total)
  if e <= self.every then return 0 end
  if self.form == "lwr" then e = self.every * math.floor(e / self.every) end
  return self.beta * e / total
end

--- Are soft labels stored in epoch e?
function Lwr:stores(e) return e % self.every == 0 end

function Lwr:begin_epoch(state)
  local share = self:share(state.epoch, self.total or state.epochs)
  if share > 1 then
    error(("head.lwr: soft labels would count %.3g in epoch %d: total = %d is fewer epochs than there are"):format(
      share, state.epoch, self.total), 0)
  end
  self.now, self.writes = share, self:stores(state.epoch)
end

-- Rows of the store for the samples of a batch: datasets of a join lie one after the other.
local function rows_of(self, target)
  local idx = target.idx
  if not idx then error("head.lwr: its soft labels are kept by sample, but this batch has no idx", 0) end
  if target.mix then
    error("head.lwr: a mixture of samples (mixup, cutmix) is no sample whose soft label could be kept", 0)
  end
  local start = self.starts[2] and target.domain and torch.tensor(self.starts, { dtype = "int64", device = idx.device })
  local rows = start and idx + start:index_select(0, target.domain) or idx
  if self.grows then -- nobody has said how many samples there are
    local store = self.module.soft
    local more = rows:max():item() + 1 - store:size(0)
    if more > 0 then
      local zeros = torch.zeros(more, store:size(1), { dtype = store.dtype, device = store.device })
      self.module.soft = torch.cat({ store, zeros }, 0)
    end
  end
  return rows
end

-- The soft labels of a batch [B, K], rows of zeros where there are none; those of outputs take their place where this
-- epoch stores. A batch that comes again (the second pass of a balance, a second look of LBFGS) finds what it found.
local function looked_up(self, logits, target)
  target.retrospection = target.retrospection or {}
  local found = target.retrospection[self]
  if found then return found end
  local rows = rows_of(self, target)
  found = self.module.soft:index_select(0, rows)
  target.retrospection[self] = found
  if self.writes then
    local store = self.module.soft
    torch.no_grad(function() store:index_copy_(0, rows, host.soft_labels(logits, self.temperature):to(store.dtype)) end)
  end
  return found
end

-- Cross entropy of every sample, [B].
local function cross_entropy(logits, target)
  local log_p = logits:log_softmax(1)
  if target.t then return -(target.t:to(logits.dtype) * log_p):sum(1) end
  local y = target.ignore and target.y:masked_fill(target.ignore, 0) or target.y
  return -log_p:gather(1, y:unsqueeze(1)):squeeze(1)
end

--- Named loss terms for logits [B, K] and a target { y or t, idx, domain, w, ignore }: ce times 1 - share, kl times
-- share. A sample without a soft label has its cross entropy in full. `criterion` stands in for cross entropy. Outside
-- training nothing is stored and kl is 0.
function Lwr:losses(logits, target, criterion)
  if target.y and target.y.ndim ~= 1 then
    error("head.lwr: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  logits = logits:to(torch.promote_types(logits.dtype, "float32")) -- losses are not of half precision
  if target.ignore then logits = logits:masked_fill(target.ignore:unsqueeze(1), 0) end -- it may hold nan
  local soft = self.module.training and (self.now > 0 or self.writes) and looked_up(self, logits, target)
  local share, kl = 0, torch.zeros({}, { dtype = logits.dtype, device = logits.device })
  if soft and self.now > 0 then
    share = soft:sum(1):gt(0.5):to(logits.dtype) * self.now
    local each = host.retrospection_loss(logits, soft, self.temperature, self.form == "lwr")
    kl = reduction.apply(each * share, target, "mean")
  end
  local ce
  if criterion then
    ce = criterion(logits, target)
    if share ~= 0 then ce = ce * (1 - reduction.apply(share, target, "mean")) end
  else
    local each = cross_entropy(logits, target)
    ce = reduction.apply(share == 0 and each or each * (1 - share), target, "mean")
  end
  local terms = { { name = "ce", value = ce }, { name = "kl", value = kl } }
  if self.l2 > 0 then terms[3] = { name = "l2", value = self.module.weight:square():sum() * self.l2 } end
  return terms
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Lwr:ideal(y) return torch.zeros(#y, self.classes):scatter_(1, y:unsqueeze(1), 10) end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Lwr:evaluate(numbers) self.others = evaluated.others(numbers, self.classes) end

--- { y = long[B] the likeliest class, scores = float[B, K] probabilities }
function Lwr:predict(logits)
  logits = evaluated.among(logits, self.others)
  return { y = logits:argmax(1), scores = logits:softmax(1) }
end

--- What is stored: float [n, K], zeros where a sample has none yet. n samples of the training data, those of a join's
-- datasets one after the other.
function Lwr:soft_labels() return self.module.soft end

-- Samples of the training data: where each dataset's begin in the store, and how many there are; nil where no data are
-- known.
local function samples(context)
  local data = context.data
  if not data then return { 0 }, context.samples end
  local starts, count = {}, 0
  for i, part in ipairs(data.parts or { data }) do
    starts[i] = count
    count = count + part.sets.train:size()
  end
  return starts, count
end

-- What the presets say where an option is absent.
local presets = { paper = { form = "lwr" }, authors = { form = "lwal" } }

--- Learning with retrospection (LWR; Deng and Zhang 2021): one-hot labels, and from epoch k + 1 on what the network
-- thought of each sample in the last epoch divisible by k, as soft labels softmax(z / temperature):
--
--     (1 - b) H(y, z') + b KL(soft || z')
--
-- form "lwr" (preset "paper") has softmax(z / temperature) for z' in the second part, times its square, and
-- b = 0.9 e' / T with e' the epoch that stored; its authors' code has total = 240 for T, here it is the number of
-- epochs. form "lwal" (preset "authors": the code of the LwAL paper, where it is a baseline) has softmax(z) for both and
-- b = 0.9 e / T. The store, a row a training sample, is saved with the run.
-- @usage head.lwr { update_every = 3, temperature = 5 }
return schema.declare("head.lwr", {
  { "preset", "one of paper|authors", "paper", "default of form" },
  { "form", "one of lwr|lwal", schema.optional, "the method's own loss and share, or those of LwAL's tables" },
  { "update_every", "integer > 0", 5, "k: soft labels are stored in every k-th epoch", aliases = { "every" } },
  { "temperature", "number > 0", 5.0, "of the soft labels", aliases = { "tau" } },
  { "beta", "number in [0, 1]", 0.9, "what their share grows to" },
  { "total", "integer > 0", schema.optional, "T, the epoch in which it gets there; the last one where absent" },
  { "l2", "number >= 0", 0.0, "factor on the squared weights of the layer" },
}, function(o, context)
  local module = Linear(context.features, context.classes)
  local starts, count = samples(context)
  module:register_buffer("soft", torch.zeros(count or 0, context.classes))
  local self = setmetatable({
    module = module, classes = context.classes, loss = "ce", names = { "ce", "kl" }, every = o.update_every,
    temperature = o.temperature, beta = o.beta, total = o.total, form = o.form or presets[o.preset].form, l2 = o.l2,
    starts = starts, grows = count == nil, now = 0, writes = false,
  }, Lwr)
  if o.l2 > 0 then self.names[3] = "l2" end
  return self
end)
