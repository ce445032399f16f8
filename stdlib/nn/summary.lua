--- nn.summary(model, {input_size={1, 28, 28} or input=tensor(s), depth=nil, dtype="float32", device=nil}): what each
-- part
-- gives for one input: path, class, output shape, parameters, multiply-adds of convolutions and linear layers. A table
-- that prints in 80 columns: rows (in the order of running), total_params, trainable_params, total_mult_adds,
-- input_mb, output_mb, params_mb. input_size includes the batch; a list of lists stands for several inputs. The model's
-- mode, its buffers and the random numbers are as before.
-- @usage print(nn.summary(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), { input_size = { 1, 4 } }))
local torch = require "torch"
local host = require "host.module"

local known = { input_size = true, input = true, depth = true, dtype = true, device = true }

local function inputs_of(model, options)
  if options.input ~= nil then return torch.is_tensor(options.input) and { options.input } or options.input end
  local size = options.input_size
  if type(size) ~= "table" or #size == 0 then
    error("nn.summary: give input_size = { ... } with the batch, or input = tensor", 3)
  end
  local first = model:parameters()[1]
  local kind = { dtype = options.dtype or (first and first.dtype) or "float32",
    device = options.device or (first and first.device) or "cpu" }
  local inputs = {}
  for i, one in ipairs(type(size[1]) == "table" and size or { size }) do inputs[i] = torch.zeros(one, kind) end
  return inputs
end

-- Shapes and bytes of the tensors in what a module gave, also in lists.
local function measure(value, shapes)
  if torch.is_tensor(value) then
    local dims = {}
    for d = 0, value.ndim - 1 do dims[d + 1] = ("%d"):format(value:size(d)) end
    shapes[#shapes + 1] = "[" .. table.concat(dims, ", ") .. "]"
    return value:numel() * value.itemsize
  end
  local bytes = 0
  if type(value) == "table" then for _, item in ipairs(value) do bytes = bytes + measure(item, shapes) end end
  return bytes
end

local function first_tensor(value)
  if type(value) == "table" then return value[1] end
  return value
end

-- Products of one call of a layer: a weight is used once for each place of the output outside the channels.
local function mult_adds(module, output)
  local weight
  for _, e in ipairs(host.entries(module)) do if e[1] == "weight" then weight = e[2] end end
  if not weight or weight.ndim < 2 or not torch.is_tensor(output) then return 0 end
  if module.kind:match "^Conv%d" then
    return weight:numel() * output:numel() / weight:size(0)
  elseif module.kind:match "^ConvTranspose" then
    local groups = host.options(module).groups
    return weight:numel() * output:numel() / (weight:size(1) * groups)
  elseif module.kind == "Linear" then
    return weight:size(1) * output:numel()
  end
  return 0
end

local function grouped(n)
  local text = ("%.0f"):format(n)
  repeat
    local changed
    text, changed = text:gsub("^(%d+)(%d%d%d)", "%1,%2")
  until changed == 0
  return text
end

local function cut(text, width)
  if #text <= width then return text .. (" "):rep(width - #text) end
  return text:sub(1, width - 2) .. ".."
end

local function line(name, shape, parameters, products)
  return (("%s %s %11s %13s"):format(cut(name, 32), cut(shape, 21), parameters, products):gsub("%s+$", ""))
end

local function text(s)
  local out = { line("layer", "output", "parameters", "mult-adds"), ("-"):rep(80) }
  for _, row in ipairs(s.rows) do
    local name = ("  "):rep(row.depth) .. (row.path:match "[^.]+$" or "") .. (row.path == "" and "" or ": ") .. row.kind
    out[#out + 1] = line(name, row.output, row.again and "(again)" or row.params > 0 and grouped(row.params) or "",
      row.mult_adds > 0 and grouped(row.mult_adds) or "")
  end
  out[#out + 1] = ("-"):rep(80)
  out[#out + 1] = ("parameters %s, trainable %s; mult-adds %s"):format(grouped(s.total_params),
    grouped(s.trainable_params),
    grouped(s.total_mult_adds))
  out[#out + 1] = ("MB: input %.2f, outputs %.2f, parameters %.2f"):format(s.input_mb, s.output_mb, s.params_mb)
  return table.concat(out, "\n")
end

return function(model, options, ...)
  if not host.is_module(model) then error("nn.summary: expected a module, got a " .. type(model), 2) end
  if torch.is_tensor(options) then options = { input = { options, ... } }
  elseif type(options) == "table" and options[1] ~= nil then options = { input_size = options } end
  options = options or {}
  for key in pairs(options) do
    if not known[key] then
      error(("nn.summary: unknown option '%s' (input_size, input, depth, dtype, device)"):format(tostring(key)), 2)
    end
  end
  local inputs = inputs_of(model, options)
  local summary = { rows = {}, total_mult_adds = 0, output_mb = 0 }
  local handles, modes, seen, calls = {}, {}, {}, {}
  for _, pair in ipairs(model:named_modules()) do
    local path, module = pair[1], pair[2]
    modes[#modes + 1] = { module, module.training }
    local _, dots = path:gsub("%.", "")
    local depth = path == "" and 0 or dots + 1
    handles[#handles + 1] = module:register_forward_pre_hook(function(m)
      local row = { path = path, kind = m.kind, depth = depth, again = seen[m],
        params = seen[m] and 0 or m:num_parameters() }
      seen[m] = true
      calls[m] = calls[m] or {}
      table.insert(calls[m], row)
      if not options.depth or depth <= options.depth then table.insert(summary.rows, row) end
    end, { prepend = true })
    handles[#handles + 1] = module:register_forward_hook(function(m, _, output)
      local row, shapes = table.remove(calls[m]), {}
      local bytes = measure(output, shapes)
      row.output, row.mult_adds = table.concat(shapes, " "), mult_adds(m, first_tensor(output))
      summary.total_mult_adds = summary.total_mult_adds + row.mult_adds
      if #host.parts(m) == 0 then summary.output_mb = summary.output_mb + bytes / 1e6 end
    end)
  end
  local buffers, random = {}, torch.get_rng_state()
  for _, pair in ipairs(model:named_buffers()) do buffers[#buffers + 1] = { pair[2], pair[2]:clone() } end
  local done, problem = pcall(function()
    model:eval()
    torch.no_grad(function() model(unpack(inputs)) end)
  end)
  for _, handle in ipairs(handles) do handle:remove() end
  for _, item in ipairs(buffers) do torch.no_grad(function() item[1]:copy_(item[2]) end) end
  torch.set_rng_state(random)
  -- outermost first, so that each part ends in its own mode
  for _, mode in ipairs(modes) do mode[1]:train(mode[2]) end
  if not done then error(problem, 0) end
  summary.total_params, summary.trainable_params = model:num_parameters(), model:num_parameters(true)
  local bytes = 0
  for _, p in ipairs(model:parameters()) do bytes = bytes + p:numel() * p.itemsize end
  summary.params_mb, summary.input_mb = bytes / 1e6, measure(inputs, {}) / 1e6
  return setmetatable(summary, { __tostring = text })
end
