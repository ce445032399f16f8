--- Losses as algebra: number * loss, loss + loss give the node "loss.sum", whose terms keep the written order. A Lua
-- function beside a loss is the loss "loss.term".

local site = require "language.site"
local types = require "language.types"

local algebra = {}

--- Gives the metatable Node its operators. node: language/node.lua; new(declaration, position) makes an empty node.
function algebra.install(Node, node, new)
  local function is_loss(value)
    return node.is(value) and (node.belongs(value.kind, "loss") or node.belongs(value.kind, "path"))
  end

  -- The terms { weight, term } of an operand, or nil where it is no loss.
  local function terms_of(value, factor)
    if type(value) == "function" then
      local term = node.declared "loss.term"
      value = term(value)
    end
    if not is_loss(value) then return nil end
    if value.kind ~= "loss.sum" then return { { weight = factor, term = value } } end
    local scaled = {}
    for i, item in ipairs(value.args.terms) do scaled[i] = { weight = item.weight * factor, term = item.term } end
    return scaled
  end

  local function sum(terms, position)
    node.declared "loss.sum"
    local made = new(node.declared("loss.sum").declaration, position)
    made.args.terms = terms
    return made
  end

  local function refuse(operator, a, b)
    local position = site.session and site.session.locate(operator, "operator") or site.caller()
    return site.spoilt(position,
      ("cannot compute %s %s %s: numbers scale losses, losses add up"):format(types.describe(a),
      operator, types.describe(b)))
  end

  function Node.__mul(a, b)
    if a == site.poison or b == site.poison then return site.poison end
    local factor, value = a, b
    if type(b) == "number" then factor, value = b, a end
    local terms = type(factor) == "number" and terms_of(value, factor)
    if not terms then return refuse("*", a, b) end
    return sum(terms, value.position)
  end

  local function add(a, b, sign, operator)
    if a == site.poison or b == site.poison then return site.poison end
    local left, right = terms_of(a, 1), terms_of(b, sign)
    if not (left and right) then return refuse(operator, a, b) end
    for _, item in ipairs(right) do left[#left + 1] = item end
    return sum(left, node.is(a) and a.position or b.position)
  end

  function Node.__add(a, b) return add(a, b, 1, "+") end
  function Node.__sub(a, b) return add(a, b, -1, "-") end
  function Node.__unm(a) return Node.__mul(a, -1) end
  function Node.__div(a, b)
    if type(b) == "number" and node.is(a) then return Node.__mul(a, 1 / b) end
    return refuse("/", a, b)
  end
end

return algebra
