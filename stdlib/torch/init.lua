--- torch: every operator of LibTorch by its name, found on first use, and what PyTorch builds in Python on top.
-- torch.NAME(args..., {keyword = value}); tensor:NAME(args...). Names of other namespaces: torch.ops.NAMESPACE.NAME.

local tensor = require "host.tensor"
local operators = require "host.operators"

local torch = { None = tensor.None }
package.loaded.torch = torch

-- Lua's words for operators whose names Lua reserves.
local spelled = { repeats = "repeat", ["and"] = "__and__", ["or"] = "__or__", ["not"] = "logical_not" }

local function unknown(name, space)
  local near = operators.nearest(name, space)
  local where = space == "aten" and "torch" or "torch.ops." .. space
  error(("%s has no operator '%s'%s"):format(where, tostring(name), near ~= "" and ("; did you mean '" .. near .. "'?") or ""), 3)
end

--- The bare operators of one namespace: torch.ops.aten.add, torch.ops.aten.add.Tensor.
local function namespace(space)
  return setmetatable({}, {
    __index = function(self, name)
      local call = operators.find(name, false, space)
      if not call then unknown(name, space) end
      local packet = setmetatable({}, {
        __call = function(_, ...) return call(...) end,
        __index = function(packet, overload)
          local one = operators.find(name .. "." .. overload, false, space)
          if not one then
            error(("torch.ops.%s.%s has no overload '%s' (%s)"):format(space, name, tostring(overload),
              table.concat(operators.overloads(name, space), ", ")), 2)
          end
          rawset(packet, overload, one)
          return one
        end,
        __tostring = function() return table.concat(operators.signatures(name, space), "\n") end,
      })
      rawset(self, name, packet)
      return packet
    end,
  })
end

torch.ops = setmetatable({}, {
  __index = function(self, space)
    for _, known in ipairs(operators.namespaces()) do
      if known == space then
        rawset(self, space, namespace(space))
        return rawget(self, space)
      end
    end
    error("torch.ops has no namespace '" .. tostring(space) .. "' (" .. table.concat(operators.namespaces(), ", ") .. ")", 2)
  end,
})

--- What a tensor can do: methods written in Lua, then operators with the tensor as their "self".
local methods = {}
torch.Tensor = methods

-- Modules that add functions to `torch` or methods to tensors when one of their names is first used.
local parts = { nn = "nn", optim = "torch.optim", amp = "torch.amp", linalg = "torch.linalg", fft = "torch.fft", special = "torch.special", func = "torch.func",
  masked = "torch.masked", sparse = "torch.sparse", nested = "torch.nested", signal = "torch.signal", cuda = "torch.cuda", profiler = "torch.profiler", jit = "torch.jit" }

setmetatable(torch, {
  __index = function(_, name)
    if parts[name] and package.searchpath(parts[name], package.path) then
      rawset(torch, name, require(parts[name]))
      return rawget(torch, name)
    end
    if name == "vmap" then return torch.func.vmap end
    if type(name) ~= "string" then unknown(name, "aten") end
    local call = operators.find(spelled[name] or name, false)
    if not call then unknown(name, "aten") end
    rawset(torch, name, call)
    return call
  end,
})

local get_index, set_index, property, set_property = tensor.get_index, tensor.set_index, tensor.property, tensor.set_property

-- Properties that follow from others.
local computed = {
  H = function(x) return x.mT:conj() end,
  mH = function(x) return x.mT:conj() end,
  is_cpu = function(x) return x.device == "cpu" end,
  is_cuda = function(x) return x.device:find "^cuda" ~= nil end,
  is_meta = function(x) return x.device == "meta" end,
  is_sparse = function(x) return x.layout == "sparse_coo" end,
  is_quantized = function(x) return x.dtype:find "^q" ~= nil end,
  is_sparse_csr = function(x) return x.layout == "sparse_csr" end,
  is_mkldnn = function(x) return x.layout == "mkldnn" end,
  grad_fn = function(x) return require "host.autograd".node_of(x) end,
  data = function(x) return x:detach() end,
  _version = operators.find("_version", true),
  output_nr = operators.find("output_nr", true),
  retains_grad = operators.find("retains_grad", true),
}

-- Texts seen to be slices ("1:, ..."), so that the next time nothing else is asked about them.
local slices, slice_count = {}, 0

-- Words that are terms of a slice.
local slice_words = { None = true, True = true, False = true }

local function slow_index(x, key)
  if type(key) ~= "string" then return get_index(x, key) end
  if computed[key] then
    if key == "H" and x.ndim ~= 2 then
      error(("x.H is for matrices; this tensor has %d dims, and x.mH transposes the last two"):format(x.ndim), 2)
    end
    return computed[key](x)
  end
  local known, value = property(x, key)
  if known then
    if key == "shape" then return torch.shape_of(value) end
    return value
  end
  local call = operators.find(spelled[key] or key, true)
  if call then
    methods[key] = call
    return call
  end
  -- names are words, slices are not: "1:, ..., None"
  if key:find "^[%a_][%w_]*$" and not slice_words[key] then
    local near = operators.nearest(key, "aten")
    error(("a tensor has no property or method '%s'%s"):format(key, near ~= "" and ("; did you mean '" .. near .. "'?") or ""), 2)
  end
  if slice_count >= 512 then slices, slice_count = {}, 0 end -- texts made in a loop must not fill the memory
  slices[key], slice_count = true, slice_count + 1
  return get_index(x, key)
end

local function is_number(x) return type(x) == "number" or type(x) == "cdata" end
local add, sub, rsub, mul, div, pow, remainder, neg = torch.add, torch.sub, torch.rsub, torch.mul, torch.div, torch.pow, torch.remainder, torch.neg

local function no_order()
  error("tensors are not ordered by < and >: Lua makes their result a boolean; x:lt(y), x:le(y), x:gt(y), x:ge(y) compare elementwise", 2)
end

tensor.set_metamethods {
  __index = function(x, key)
    local method = methods[key]
    if method then return method end
    if slices[key] then return get_index(x, key) end
    return slow_index(x, key)
  end,
  __newindex = function(x, key, value)
    if type(key) == "string" and key:find "^[%a_][%w_]*$" and not slice_words[key] then
      if key == "data" then return x:set_data(value) end
      return set_property(x, key, value)
    end
    set_index(x, key, value)
  end,
  __add = function(a, b) if is_number(a) then return add(b, a) end return add(a, b) end,
  __sub = function(a, b) if is_number(a) then return rsub(b, a) end return sub(a, b) end,
  __mul = function(a, b) if is_number(a) then return mul(b, a) end return mul(a, b) end,
  __div = function(a, b) if is_number(a) then return mul(b:reciprocal(), a) end return div(a, b) end,
  __pow = function(a, b) return pow(a, b) end,
  __mod = function(a, b) return remainder(a, b) end,
  __unm = function(a) return neg(a) end,
  __lt = no_order,
  __le = no_order,
  __concat = function() error("tensors are joined by torch.cat({a, b}), not by ..; tostring(x) gives the text", 2) end,
}

-- A shape is a Lua table, counted from 1; reading index 0 or past the end would give nil in silence.
local shape_meta = {
  __index = function(shape, i)
    error(("shape[%s]: a shape is a Lua table, counted from 1 to %d; x:size(0) counts dims from 0"):format(tostring(i), #shape), 2)
  end,
  __tostring = function(shape) return "[" .. table.concat(shape, ", ") .. "]" end,
  __eq = function(a, b)
    if #a ~= #b then return false end
    for i = 1, #a do if a[i] ~= b[i] then return false end end
    return true
  end,
}
function torch.shape_of(list) return setmetatable(list, shape_meta) end

-- Complex numbers and 64-bit integers: only Lua's ffi library can tell cdata apart.
local ffi = require "ffi"
local complex, int64, uint64 = ffi.typeof "complex", ffi.typeof "int64_t", ffi.typeof "uint64_t"
tensor.set_cdata_reader(function(what, a, b)
  if what == "complex" then return complex(a, b) end
  if ffi.istype(complex, a) then return "complex", a.re, a.im end
  if ffi.istype(int64, a) or ffi.istype(uint64, a) then
    local high = tonumber(bit.arshift(ffi.cast(int64, a), 32))
    local low = tonumber(bit.band(ffi.cast(int64, a), 0xffffffffLL))
    return "integer", high, low
  end
  return "other"
end)

require "torch.create"
require "torch.methods"
require "torch.autograd"
require "torch.constants"
require "torch.several"
require "torch.unique"
require "torch.matrix"
require "torch.random"
require "torch.functional"
require "torch.names"
require "torch.printing"
require "torch.checkpoint"
require "torch.settings"
require "torch.serialization"
require "torch.autocast"
return torch
