--- Heads trained side by side: trials that see the same features and differ in seed, optimizer or the settings of their
-- softmax take each step together.
--
-- Each trial runs the ordinary program in a coroutine: its run directory, evaluations, checkpoints and messages are its
-- own. Only the batches of an epoch are gone through together (train.together): products of the trials that see the
-- same batches are one, softmax, loss and gradients of all are one, and optimizers with the same settings step at once.
-- Batch order and initialisation of a trial are those that it has alone, and so are its numbers, to rounding.
--
-- It is done wherever more such trials are to come than run at a time (trial_process.expect): in every case that
-- tests/bench/heads.lua measures (2 and 10 trials of 10 and 100 classes, with their own batches or the same) it was
-- faster, 1.6 to 2.3 times. Larger heads than MOST were not measured and are trained one by one.
local adopt = require "host.tensor".adopt
local canonical = require "language.canonical"
local schema = require "schema"
local system = require "host.system"
local train = require "train"

local vectorized = {}

local MOST = 2 ^ 20 -- weights of a head

-- Options of training that do not touch the steps; any other must be as where nobody gives it.
local indifferent = { epochs = true, seed = true, device = true, log = true, early_stop = true, checkpoint = true,
                      checkpoint_every = true, on = true, channels_last = true }
local settings_of_head = { l2 = true, label_smoothing = true, deviation = true }
local step_hooks = { "sample", "forward", "criterion", "backward", "step" }

-- Does `args` have only what is in `allowed`?
local function only(args, allowed)
  for key in schema.pairs(args) do
    if not allowed[key] then return false end
  end
  return true
end

local function trains_plainly(train_args)
  local fields
  for _, field in ipairs(schema.find "experiment".fields) do
    if field.name == "train" then fields = field.type.spec.by_name end
  end
  for key, value in schema.pairs(train_args) do
    if not indifferent[key] and value ~= fields[key].default then return false end
  end
  local on = train_args.on or {}
  for _, hook in ipairs(step_hooks) do
    if on[hook] then return false end
  end
  return train_args.device == nil or train_args.device == "auto" or train_args.device == "cpu"
end

--- What trials must have in common to be trained together: a text; nil where one cannot be.
-- @param result what language.evaluate gave of a trial
function vectorized.key(result)
  local o = result.kind == "experiment" and result.node.args
  if not o or not o.data.kind:match "^data%." or o.data.args.augment or o.data.args.transform then return nil end
  if o.model.kind ~= "trunk" or torch.cuda.is_available() then return nil end
  local encoder, head, loss = o.model.args.encoder, o.model.args.head, o.loss
  if encoder.args.freeze ~= true or not head or head.kind ~= "head.softmax" then return nil end
  if not only(head.args, settings_of_head) then return nil end
  if loss and (loss.kind ~= "loss.ce" or loss.args.class_weights or loss.args.reduction ~= "mean") then return nil end
  if o.optim and o.optim.kind == "optim.lbfgs" or not trains_plainly(o.train) then return nil end
  local options = { hash = true, session = result.session }
  local data, features = canonical.text(o.data, options), canonical.text(encoder, options)
  return table.concat({ data, features, tostring(o.train.epochs) }, "\n")
end

--- The smoothing of a trial's labels: its loss', where it has one.
function vectorized.smoothing(result)
  local o = result.node.args
  local of = o.loss or o.model.args.head
  return type(of) == "table" and of.args and of.args.label_smoothing or 0
end

--- What whoever gathers groups wants to know of a trial: { key, seed, smoothing }; nil where it trains alone.
function vectorized.of(result)
  local key = vectorized.key(result)
  return key and { key = key, seed = result.seed, smoothing = vectorized.smoothing(result) }
end

-- Steps -------------------------------------------------------------------------------------------------------------

-- Trials that see the same batches: weights [R * K, F] and biases [R * K] of R of them in one tensor each, with room
-- for their gradients. They are copied in at the beginning of an epoch and out at its end.
local function block_of(members)
  local weights, biases = {}, {}
  for i, member in ipairs(members) do
    weights[i], biases[i] = member.head.module.weight:detach(), member.head.module.bias:detach()
  end
  local block = { members = members, weight = torch.cat(weights), bias = torch.cat(biases) }
  block.weight_grad, block.bias_grad = torch.empty_like(block.weight), torch.empty_like(block.bias)
  local classes = #biases[1]
  for i, member in ipairs(members) do
    local from = (i - 1) * classes
    member.weight, member.bias = block.weight:narrow(0, from, classes), block.bias:narrow(0, from, classes)
    member.weight_grad = block.weight_grad:narrow(0, from, classes)
    member.bias_grad = block.bias_grad:narrow(0, from, classes)
  end
  return block
end

-- The trials by what their batches hang on, the seed and the epoch, in the order in which they came.
local function blocks_of(members)
  local by_seed, seeds, blocks = {}, {}, {}
  for _, member in ipairs(members) do
    local seed = ("%.17g %d"):format(member.state.seed, member.state.epoch)
    if not by_seed[seed] then
      by_seed[seed] = {}
      seeds[#seeds + 1] = seed
    end
    table.insert(by_seed[seed], member)
  end
  for i, seed in ipairs(seeds) do blocks[i] = block_of(by_seed[seed]) end
  return blocks
end

-- Optimizers see the tensors of the block in place of the parameters: { group, params, grads, states } of each group.
local function lend(member)
  local optim = member.state.optim.optim
  member.lent = {}
  for _, group in ipairs(optim.param_groups) do
    local entry = { group = group, params = group.params, views = {} }
    for i, parameter in ipairs(group.params) do
      local is_weight = parameter == member.head.module.weight
      local view = is_weight and member.weight or member.bias
      view.grad = is_weight and member.weight_grad or member.bias_grad
      entry.views[i] = view
      local known = rawget(optim.state, parameter)
      if known then rawset(optim.state, view, known) end
      rawset(optim.state, parameter, nil)
    end
    group.params = entry.views
    member.lent[#member.lent + 1] = entry
  end
end

local function take_back(member)
  local optim = member.state.optim.optim
  for _, entry in ipairs(member.lent) do
    for i, parameter in ipairs(entry.params) do
      local view = entry.views[i]
      rawset(optim.state, parameter, rawget(optim.state, view))
      rawset(optim.state, view, nil)
      view.grad = nil
    end
    entry.group.params = entry.params
  end
  member.head.module.weight:copy_(member.weight)
  member.head.module.bias:copy_(member.bias)
end

-- Groups of Adam and AdamW whose settings are equal step in one call of their operator; the rest step alone.
local function fused_key(member, group)
  local optim = member.state.optim
  local name = optim.optim.name
  if (name ~= "Adam" and name ~= "AdamW") or group.amsgrad or group.fused == false or group.foreach or group.capturable
    or #optim.optim.hooks.step_pre + #optim.optim.hooks.step_post > 0 then
    return nil
  end
  local numbers = ("%.17g %.17g %.17g %.17g %.17g"):format(group.lr, group.betas[1], group.betas[2], group.weight_decay,
    group.eps)
  return table.concat({ numbers, tostring(group.decoupled_weight_decay), tostring(group.maximize),
                        optim.schedule and tostring(optim) or "" }, " ")
end

local function fused_parts(members)
  local parts, by_key, alone = {}, {}, {}
  for _, member in ipairs(members) do
    local keys = {}
    for i, entry in ipairs(member.lent) do
      keys[i] = #entry.views > 0 and fused_key(member, entry.group) or ""
      if #entry.views > 0 and keys[i] == "" then keys = nil break end
    end
    -- before its first step an optimizer has no state: that step it takes by itself
    local begun = true
    for _, entry in ipairs(member.lent) do
      for _, view in ipairs(entry.views) do begun = begun and rawget(member.state.optim.optim.state, view) ~= nil end
    end
    if not keys or not begun then
      alone[#alone + 1] = member
    else
      for i, entry in ipairs(member.lent) do
        if #entry.views > 0 then
          local part = by_key[keys[i]]
          if not part then
            part = { group = entry.group, params = {}, grads = {}, means = {}, squares = {}, steps = {}, members = {} }
            by_key[keys[i]], parts[#parts + 1] = part, part
          end
          for _, view in ipairs(entry.views) do
            local state = member.state.optim.optim.state[view]
            table.insert(part.params, view)
            table.insert(part.grads, view.grad)
            table.insert(part.means, state.exp_avg)
            table.insert(part.squares, state.exp_avg_sq)
            table.insert(part.steps, state.step)
          end
        end
      end
      parts.members = parts.members or {}
      table.insert(parts.members, member)
    end
  end
  return parts, alone
end

local function update(parts, alone)
  for _, part in ipairs(parts) do
    local g = part.group
    torch._foreach_add_(part.steps, 1)
    local operator = g.decoupled_weight_decay and torch._fused_adamw_ or torch._fused_adam_
    operator(part.params, part.grads, part.means, part.squares, {}, part.steps, {
      lr = g.lr, beta1 = g.betas[1], beta2 = g.betas[2], weight_decay = g.weight_decay, eps = g.eps, amsgrad = false,
      maximize = g.maximize })
  end
  for _, member in ipairs(parts.members or {}) do member.state.optim:advance() end
  for _, member in ipairs(alone) do member.state.optim:step() end
end

-- Gradient and loss of every trial for one batch of each block; nil where a batch is not what this can do.
local function gradients(blocks, batches, all)
  local outputs, targets = {}, {}
  for i, block in ipairs(blocks) do
    local batch = batches[i]
    outputs[i] = torch.addmm(block.bias, batch.x, block.weight:t())
    for _ = 1, #block.members do targets[#targets + 1] = batch.y end
  end
  local size, count = #targets[1], #targets
  local y = torch.stack(targets, 1):unsqueeze(2)
  local logits = (#outputs > 1 and torch.cat(outputs, 1) or outputs[1]):view(size, count, -1)
  local log_probabilities = logits:log_softmax(2)
  local loss = log_probabilities:gather(2, y):squeeze(2):mean(0):neg()
  local slope = log_probabilities:exp()
  if all.smooths then
    loss = loss * all.sharp - log_probabilities:mean(2):mean(0) * all.smoothing
    slope:sub_(all.spread)
  end
  slope:scatter_add_(2, y, all.hits:expand(size, count, 1)):div_(size)
  slope = slope:view(size, -1)
  local from = 0
  for i, block in ipairs(blocks) do
    local width = #block.bias
    local mine = slope:narrow(1, from, width)
    torch.mm(mine:t(), batches[i].x, { out = block.weight_grad })
    torch.sum(mine, 0, { out = block.bias_grad })
    from = from + width
  end
  if all.decays then
    local penalties = {}
    for i, member in ipairs(all.members) do
      penalties[i] = member.weight:square():sum() * member.head.l2
      if member.head.l2 > 0 then member.weight_grad:add_(member.weight, { alpha = 2 * member.head.l2 }) end
    end
    loss = loss + torch.stack(penalties)
  end
  return loss
end

-- What the settings of the trials are as tensors, in the order of the blocks.
local function settings(blocks)
  local all, smoothing = { members = {} }, {}
  for _, block in ipairs(blocks) do
    for _, member in ipairs(block.members) do
      table.insert(all.members, member)
      smoothing[#smoothing + 1] = member.smoothing
      all.smooths = all.smooths or member.smoothing > 0
      all.decays = all.decays or member.head.l2 > 0
    end
  end
  all.smoothing = torch.tensor(smoothing)
  all.sharp = 1 - all.smoothing
  all.hits = (all.smoothing - 1):view(1, -1, 1)
  all.spread = (all.smoothing / #all.members[1].head.module.bias):view(1, -1, 1)
  return all
end

-- The batches of one epoch for all members.
local function epoch_of(members)
  local blocks = blocks_of(members)
  local all = settings(blocks)
  for _, member in ipairs(members) do lend(member) end
  local parts, alone = {}, members
  local count = #members
  local sums = torch.zeros({ count }, { dtype = "float64" })
  local alive, finite = torch.ones(count), torch.zeros(count)
  local walks = {}
  for i, block in ipairs(blocks) do
    local first = block.members[1].state
    local following, loader = first.loaders.train:each(first.epoch - 1)
    walks[i] = function() return following(loader) end
  end
  local steps, interrupted = 0, false
  while not interrupted do
    local batches = {}
    for i, walk in ipairs(walks) do batches[i] = walk() end
    if not batches[1] then break end
    steps = steps + 1
    scope(function()
      adopt(batches)
      local loss = gradients(blocks, batches, all)
      if steps <= 2 then parts, alone = fused_parts(members) end -- the first step of a run begins the states
      update(parts, alone)
      sums:add_(loss)
      alive:mul_(loss:isfinite())
      finite:add_(alive)
    end)
    interrupted = system.interrupts() > 0
  end
  local read = { sums:totable(), alive:totable(), finite:totable() }
  for i, member in ipairs(all.members) do
    local state = member.state
    take_back(member)
    state.step, state.in_epoch = state.step + steps, steps
    if interrupted then state.interrupted, state.stop = true, "interrupted" end
    local m = state.meter
    m.sums:add_(read[1][i])
    m.finite:add_(m.alive * read[3][i])
    m.alive:mul_(read[2][i])
    m.steps = m.steps + steps
  end
end

-- Trials ------------------------------------------------------------------------------------------------------------

-- What only the built trial shows: features that are there already, one label a sample, nothing weighed.
local function fits(state)
  local model = state.model
  if #model.heads ~= 1 or state.device ~= "cpu" then return false end
  if state.ema or state.steps or state.clip or state.clip_value then return false end
  if state.in_epoch > 0 or not state.objective.list or #state.objective.list ~= 1 then return false end
  local weight = model.heads[1].head.module.weight
  if weight:numel() > MOST then return false end
  for batch in state.loaders.train:each(0) do
    return batch.x.ndim == 2 and batch.x.dtype == "float32" and batch.y.ndim == 1
      and not (batch.w or batch.t or batch.mix) and batch.x:size(1) == weight:size(1)
  end
end

--- Runs trials together. One that turns out not to fit goes its way alone.
-- @param members list of { words = a command and its words, smoothing = of its labels, write = function(text),
--   write_error = function(text), ended = function(exit code) or nil }
-- @param main function(words) -> exit code: runs one
-- @return list of exit codes
function vectorized.run(members, main)
  local codes, output, errors, current = {}, io.stdout, io.stderr, nil
  local function proxy(member, name)
    local file = {}
    function file.write(self, ...)
      member[name](table.concat({ ... }))
      return self
    end
    function file.flush() end
    function file.setvbuf() end
    return file
  end
  train.together = function(state)
    local member = current
    if member.fits == nil then member.fits = fits(state) end
    if not member.fits or state.in_epoch > 0 then return false end
    member.state, member.head = state, state.model.heads[1].head
    coroutine.yield()
    return true
  end
  local start = torch.get_rng_state()
  local function resume(i, member)
    torch.set_rng_state(member.random or start)
    current, io.stdout, io.stderr = member, member.out, member.err
    local ok, code = coroutine.resume(member.coroutine)
    current, io.stdout, io.stderr = nil, output, errors
    member.random = keep(torch.get_rng_state())
    if coroutine.status(member.coroutine) ~= "dead" then return true end
    if not ok then
      member.write_error(debug.traceback(member.coroutine, tostring(code)) .. "\n")
      code = 1
    end
    codes[i] = code
    if member.ended then member.ended(code) end
    return false
  end
  local waiting = {}
  for i, member in ipairs(members) do
    member.out, member.err = proxy(member, "write"), proxy(member, "write_error")
    member.coroutine = coroutine.create(function() return main(member.words) end)
    if resume(i, member) then waiting[#waiting + 1] = { i, member } end
  end
  while #waiting > 0 do
    local list = {}
    for i, entry in ipairs(waiting) do list[i] = entry[2] end
    local done, failure = pcall(torch.no_grad, epoch_of, list)
    if not done then error(failure, 0) end
    local still = {}
    for _, entry in ipairs(waiting) do
      if resume(entry[1], entry[2]) then still[#still + 1] = entry end
    end
    waiting = still
  end
  train.together = nil
  return codes
end

return vectorized
