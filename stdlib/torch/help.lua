--- What `help` says about tensors, operators and documented Lua functions: signatures with keywords and defaults, and
-- the comment above a function that the host adds. Called as a function: the text, or nil where it knows nothing.
local torch = require "torch"
local operators = require "host.operators"
local is_tensor = require "host.tensor".is_tensor
local signature = require "torch.signature"

-- A signature on lines of at most 80 columns, broken between arguments; "[1, 1]" stays in one piece.
local function broken(text)
  local lines, line = {}, ""
  for part in (text:gsub(", ", ",\1"):gsub("%b[]", function(list) return (list:gsub("\1", " ")) end):gsub(" %->", "\1->") .. "\1"):gmatch "(.-)\1" do
    if line ~= "" and 2 + #line + 1 + #part > 80 then
      lines[#lines + 1], line = line, "        " .. part
    else
      line = line == "" and part or line .. " " .. part
    end
  end
  lines[#lines + 1] = line
  return "  " .. table.concat(lines, "\n  ")
end

-- The comment that begins with three dashes right above a Lua function. A function with a signature also shows that, and
-- its comment stands above the line that names it.
local function documented(fn)
  local made = signature.bodies[fn]
  local info = debug.getinfo(made and made.body or fn, "S")
  local path = info.what ~= "C" and info.source:match "^@(.*)$"
  local file = path and io.open(path)
  if not file then return made and broken(made.text):sub(3) end
  local lines = {}
  for line in file:lines() do
    lines[#lines + 1] = line
    if #lines == info.linedefined then break end
  end
  file:close()
  local last = #lines
  if made then
    local name = made.text:match "^[%w_]+"
    while last > 1 and last > #lines - 4 and not lines[last]:find(name, 1, true) do last = last - 1 end
  end
  local first = last
  while first > 1 and lines[first - 1]:match "^%s*%-%-" do first = first - 1 end
  if first == last or not lines[first]:match "^%s*%-%-%-" then return made and broken(made.text):sub(3) end
  local text = { made and broken(made.text):sub(3) }
  for i = first, last - 1 do
    local line = lines[i]:gsub("^%s*%-%-%-?%s?", "")
    text[#text + 1] = line:match "^@usage" and "\nUsage:\n  " .. line:gsub("^@usage%s*", "") or line
  end
  return table.concat(text, "\n")
end

-- The signatures of an operator, without the forms that write into `out`, which every one of them has.
local function signatures(name)
  local list, outs = {}, 0 -- those are the tensors with an exclamation mark after the star
  for _, signature in ipairs(operators.signatures(name, "aten")) do
    if signature:find "%*,.*Tensor%(%a!%)" then
      outs = outs + 1
    else
      list[#list + 1] = broken(signature)
    end
  end
  if outs > 0 then list[#list + 1] = "  and writing into given tensors: { out = x }, or by the results' names" end
  return table.concat(list, "\n")
end

-- The name under which torch or tensors hold a function.
local function name_of(fn)
  for _, holder in ipairs { { torch, "torch." }, { torch.Tensor, "x:" }, { torch.autograd, "torch.autograd." },
    { torch.nn.functional, "torch.nn.functional." }, { torch.linalg, "torch.linalg." }, { torch.fft, "torch.fft." },
    { torch.special, "torch.special." }, { torch.func, "torch.func." } } do
    for name, value in next, holder[1] do
      if rawequal(value, fn) then return name, holder[2] end
    end
  end
end

local function about(name, prefix, fn)
  local comment = type(fn) == "function" and documented(fn) or nil
  local family = prefix:match "^torch%.(%l+)%.$"
  local operator = (family == "linalg" or family == "fft" or family == "special") and family .. "_" .. name or name
  local bare = operators.find(operator, false)
  if not comment and not bare then return nil end
  local lines = { prefix .. name }
  if comment then lines[#lines + 1] = comment end
  if bare then
    local call = operator == name and ("torch.%s(...) or x:%s(...)"):format(name, name) or prefix .. name .. "(...)"
    lines[#lines + 1] = comment and ("\nThe operator itself (torch.ops.aten.%s):"):format(operator)
      or call .. "; keywords in a last table, { keyword = value }; after * by keyword alone:"
    lines[#lines + 1] = signatures(operator)
  end
  return table.concat(lines, "\n")
end

local tensor_text = [[
A tensor. Dims, indices and positions count from 0.
  properties   shape ndim dtype device requires_grad grad is_leaf grad_fn T mT; #x is the size of dim 0
  operators    x:NAME(args, { keyword = value }), every one of LibTorch; help "NAME" or help(torch.NAME) tells more
  parts        x[0] x[-1] x["1:, ..., ::2"] x[{ 0, { 1, 3 } }] x[mask]; also to write: x["0:2"] = 0
  values       x:item() x:totable() x:iter(); show(x, { full = true }) prints all of it
  gradients    x:backward() torch.autograd.grad(y, x) torch.no_grad(fn)]]

local function self(x)
  if is_tensor(x) then return ("%s\n%s"):format(require "host.tensor".summary(x), tensor_text) end
  if rawequal(x, torch) then
    return "torch: every operator of LibTorch as torch.NAME(...) and x:NAME(...), as PyTorch documents it.\n"
      .. "Dims and indices count from 0. help \"NAME\" or help(torch.NAME) shows its signatures."
  end
  if type(x) == "function" then
    local name, prefix = name_of(x)
    if name then return about(name, prefix, x) end
    return documented(x)
  end
  local meta = type(x) == "table" and getmetatable(x)
  if type(meta) == "table" and meta.__help then return meta.__help(x) end
  if type(x) == "string" and x:find "^torch%.[%w_.]+$" then -- help "torch.optim.AdamW"
    local found, value = pcall(function()
      local at = torch
      for name in x:gmatch "%.([%w_]+)" do at = at[name] end
      return at
    end)
    local text = found and (type(value) == "table" or x:find "%..*%.") and self(value)
    if text then return text end
  end
  if type(x) == "string" then
    local name = x:match "^torch%.([%w_]+)$" or x:match "^[%w_]+$"
    return name and about(name, "torch.", rawget(torch, name) or rawget(torch.Tensor, name)) or nil
  end
end

return self
