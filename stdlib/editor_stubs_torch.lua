--- The operators of LibTorch as annotations of EmmyLua, from their own signatures: torch.NAME(...) and x:NAME(...).
local operators = require "host.operators"
local order = require "language.order"

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while")
  :gmatch "%S+" do keywords[word] = true end

local types = { Tensor = "torch.Tensor", int = "integer", SymInt = "integer", float = "number",
  Scalar = "number|torch.Tensor",
                bool = "boolean", str = "string", ScalarType = "string", Layout = "string", Device = "string",
                MemoryFormat = "string", Generator = "any", Dimname = "string", complex = "any" }

-- "Tensor(a!)? x=None" -> name, EmmyLua's type, may it be left out
local function argument(text)
  local kind, name, default = text:match "^(%S+)%s+([%w_]+)=?(.*)$"
  if not kind then return nil end
  local optional = default ~= "" or kind:find "%?$" ~= nil
  kind = kind:gsub("%(.-%)", ""):gsub("%?", "")
  local element, brackets = kind:match "^(%w+)(%[.*)$"
  local base = types[element or kind] or "any"
  if brackets then base = (base:find("|", 1, true) and "(" .. base .. ")" or base) .. "[]"
    .. (brackets:find "%d" and "|" .. base or "") end
  return keywords[name] and name .. "_" or name, base, optional
end

-- Splits at commas outside of brackets.
local function split(list)
  local parts, depth, start = {}, 0, 1
  for i = 1, #list do
    local c = list:sub(i, i)
    if c == "(" or c == "[" then depth = depth + 1 elseif c == ")" or c == "]" then depth = depth - 1 end
    if c == "," and depth == 0 then
      parts[#parts + 1] = list:sub(start, i - 1):match "^%s*(.-)%s*$"
      start = i + 1
    end
  end
  local last = list:sub(start):match "^%s*(.-)%s*$"
  if last ~= "" then parts[#parts + 1] = last end
  return parts
end

-- { values = { { name, type, optional } }, named = the same for those after *, results = "torch.Tensor, ..." }, or nil.
local function read(text)
  local list, results = text:match "^[%w_.]+(%b()) %-> (.*)$"
  if not list then return nil end
  local made, into = { values = {}, named = {} }, "values"
  for _, part in ipairs(split(list:sub(2, -2))) do
    if part == "*" then
      into = "named"
    else
      local name, kind, optional = argument(part)
      if not name or part:find "!%)%s" and into == "named" then return nil end -- writes into a given tensor
      table.insert(made[into], { name, kind, optional })
    end
  end
  local given = {}
  for _, part in ipairs(split(results:match "^%((.*)%)$" or results)) do
    local _, kind = argument(part:find "%s" and part or part .. " x")
    given[#given + 1] = kind
  end
  made.results = given
  return made
end

-- Lists of ints last in a signature may be written out: torch.ones(2, 3), x:view(4, -1).
local function open_ended(read_one)
  local last = read_one.values[#read_one.values]
  return last and last[2] == "integer[]" and last
end

local function parameters(read_one, skip, typed)
  local list = {}
  local open = open_ended(read_one)
  for i = skip + 1, #read_one.values do
    local value = read_one.values[i]
    if value == open then
      list[#list + 1] = typed and "...: integer|integer[]|table" or "..."
      return table.concat(list, ", ") -- keywords follow, in a table
    end
    list[#list + 1] = typed and ("%s%s: %s"):format(value[1], value[3] and "?" or "", value[2]) or value[1]
  end
  if #read_one.named > 0 then
    local fields = {}
    for i, value in ipairs(read_one.named) do fields[i] = ("%s?: %s"):format(value[1], value[2]) end
    local kind = "{ " .. table.concat(fields, ", ") .. " }"
    list[#list + 1] = typed and "keywords?: " .. kind or "keywords"
  end
  return table.concat(list, ", ")
end

local function results_of(read_one)
  return #read_one.results > 0 and table.concat(read_one.results, ", ") or "nil"
end

-- ---@overload and ---@param lines, then the function. skip: 1 for a method, whose first tensor is self.
local function write(lines, name, forms, skip, prefix)
  local main = forms[1]
  for i = 2, #forms do
    local first = skip == 1 and "self: torch.Tensor" or ""
    local rest = parameters(forms[i], skip, true)
    local all = first ~= "" and rest ~= "" and first .. ", " .. rest or first .. rest
    lines[#lines + 1] = ("---@overload fun(%s): %s"):format(all, results_of(forms[i]))
  end
  local open = open_ended(main)
  for i = skip + 1, #main.values - (open and 1 or 0) do
    lines[#lines + 1] = ("---@param %s%s %s"):format(main.values[i][1], main.values[i][3] and "?" or "",
      main.values[i][2])
  end
  if open and skip < #main.values then
    lines[#lines + 1] = ("---@param ... integer|integer[]|table %s"):format(open[1])
  elseif #main.named > 0 then
    lines[#lines + 1] = "---@param " .. parameters({ values = {}, named = main.named }, 0, true):gsub(": ", " ", 1)
  end
  lines[#lines + 1] = "---@return " .. results_of(main)
  lines[#lines + 1] = ("function %s%s(%s) end"):format(prefix, name, parameters(main, skip, false))
end

local head = [[
---A tensor. Dims, indices and positions count from 0.
---@class torch.Tensor
---@field shape integer[]
---@field ndim integer
---@field dtype string
---@field device string
---@field requires_grad boolean
---@field grad torch.Tensor?
---@field is_leaf boolean
---@field T torch.Tensor
---@field mT torch.Tensor
---@field H torch.Tensor
---@field mH torch.Tensor
---@field real torch.Tensor
---@field imag torch.Tensor
---@field grad_fn any
---@field layout string
---@field itemsize integer
---@field nbytes integer
---@field is_cuda boolean
---@field is_sparse boolean
---@field is_quantized boolean
---@field is_meta boolean
---@field is_mkldnn boolean
---@field retains_grad boolean
---@field output_nr integer
---@field data torch.Tensor
---@field [integer] torch.Tensor
---@operator add(number|torch.Tensor): torch.Tensor
---@operator sub(number|torch.Tensor): torch.Tensor
---@operator mul(number|torch.Tensor): torch.Tensor
---@operator div(number|torch.Tensor): torch.Tensor
---@operator mod(number|torch.Tensor): torch.Tensor
---@operator pow(number|torch.Tensor): torch.Tensor
---@operator unm: torch.Tensor
---@operator len: integer
local Tensor = {}

---@class torch
---@field nn table
---@field optim table
---@field linalg table
---@field fft table
---@field special table
---@field func table
---@field autograd table
torch = {}
]]

return function()
  local lines, written, method = { head }, {}, {}
  for _, name in ipairs(operators.names()) do
    if name:match "^%a[%w_]*$" and not keywords[name] and operators.find(name, false) then
      local forms = {}
      for _, text in ipairs(operators.signatures(name, "aten")) do
        local form = read(text)
        if form then forms[#forms + 1] = form end
      end
      if #forms > 0 then
        write(lines, name, forms, 0, "torch.")
        local first = forms[1].values[1]
        local methods = {}
        for _, form in ipairs(forms) do
          if form.values[1] and form.values[1][2] == "torch.Tensor" then methods[#methods + 1] = form end
        end
        if first and #methods > 0 then write(lines, name, methods, 1, "Tensor:") end
        written[name], method[name] = true, first and #methods > 0
      end
    end
  end
  -- what is written in Lua beside the operators
  for _, name in ipairs(order.keys(torch)) do
    if type(name) == "string" and name:match "^%a[%w_]*$" and not written[name] and not keywords[name] then
      local kind = type(torch[name])
      if kind == "function" then
        lines[#lines + 1] = ("function torch.%s(...) end"):format(name)
      else
        lines[#lines + 1] = ("---@type %s\ntorch.%s = nil"):format(kind == "string" and "string" or "any", name)
      end
    end
  end
  for _, name in ipairs(order.keys(torch.Tensor)) do
    if name:match "^%a[%w_]*$" and not method[name] and not keywords[name] then
      lines[#lines + 1] = ("function Tensor:%s(...) end"):format(name)
    end
  end
  return table.concat(lines, "\n")
end
