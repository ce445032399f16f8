--- Outputs of inner parts of a network beside its own, from one forward pass.
local host = require "host.module"
local nearest = require "language.nearest"

local function pack(...) return { n = select("#", ...), ... } end

-- The module of a dotted name below m; raises with the nearest name.
local function part_of(m, name)
  local at, all = m, {}
  for step in tostring(name):gmatch "[^.]+" do
    local found
    for _, pair in ipairs(host.parts(at)) do
      if pair[1] == step then found = pair[2] end
    end
    if not found then
      for _, pair in ipairs(m:named_modules()) do
        if pair[1] ~= "" then all[#all + 1] = pair[1] end
      end
      local here = {}
      for i, pair in ipairs(host.parts(at)) do here[i] = pair[1] end
      error(("taps: %s has no part '%s'%s; %s has %s"):format(m.kind, tostring(name),
        nearest.did_you_mean(tostring(name), all), at == m and "it" or ("'%s'"):format(at.kind),
        #here > 0 and table.concat(here, ", ") or "no parts"), 3)
    end
    at = found
  end
  return at
end

--- m:taps({ "layer3", "layer4.1" }, x, ...): calls m(x, ...) and gives { layer3 = tensor, ["layer4.1"] = tensor } and,
-- after that, what m itself gives. The names are those of m:named_modules(). The tensors are the ones that the network
-- went on with: gradients flow through them, from frozen parts none; without gradient under torch.no_grad. Of a part
-- that is called several times the last output is given, of one with several outputs a list.
-- Errors: a name that m does not have; a part that the forward pass does not call (a mere holder of others).
-- @usage local net = nn.Sequential { nn.Linear(4, 3), nn.ReLU() }; net:taps({ "0" }, torch.rand(2, 4))["0"].shape
local function taps(m, names, ...)
  if type(names) ~= "table" or #names == 0 then error("taps: give a list of names of parts, and then the inputs", 2) end
  local outputs, handles, parts = {}, {}, {}
  for i, name in ipairs(names) do parts[i] = part_of(m, name) end
  for i, name in ipairs(names) do
    handles[i] = parts[i]:register_forward_hook(function(_, _, output) outputs[name] = output end)
  end
  local inputs = pack(...)
  local given = pack(xpcall(function() return m(unpack(inputs, 1, inputs.n)) end, function(problem) return problem end))
  for _, handle in ipairs(handles) do handle:remove() end
  if not given[1] then error(given[2], 0) end
  for i, name in ipairs(names) do
    if outputs[name] == nil then
      local below = {}
      for k, pair in ipairs(host.parts(parts[i])) do below[k] = pair[1] end
      error(("taps: '%s' is never called in the forward pass of %s and has no output%s"):format(name, m.kind,
        #below > 0 and "; its parts are " .. table.concat(below, ", ") or ""), 2)
    end
  end
  return outputs, unpack(given, 2, given.n)
end

return taps
