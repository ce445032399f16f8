local schema = require "schema"

--- Several heads trained together: each head's loss times its weight. The weights sum to 1. `balance` decides how the
-- tasks' gradients meet in the trunk; the heads keep the gradients of the weighted sum. Under metabalance { relax = 1 }
-- the weights of the auxiliary heads cancel in the trunk (every gradient gets the length of the main one).
-- @usage mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = metabalance { relax = 0.7 } }
return schema.declare("mixture", {
  { "main", "string", schema.required, "the head whose task counts; the others help it" },
  { "balance", "node balance", schema.optional, "how gradients are combined in the trunk; their sum where absent" },
  { "weights", "map of (number >= 0 or node loss)", {}, "the weight of each head, or weight * loss", at = "keys" },
}, function(o, context) return require "balanced".new(o, context) end, {
  check = function(o)
    local sum, names = 0, {}
    for name, value in schema.pairs(o.weights) do
      names[#names + 1] = name
      if type(value) == "number" then
        sum = sum + value
      elseif schema.is_node(value) then
        local terms = value.kind == "loss.sum" and value.args.terms
        if not terms or #terms ~= 1 then return ("head '%s': write weight * loss"):format(name), name end
        sum = sum + terms[1].weight
      else
        return nil -- a function of the configuration, checked once it is resolved
      end
    end
    if #names == 0 then return "it names no head: write head = weight", "weights" end
    if o.main and o.weights[o.main] == nil then
      return ("main = '%s' is none of its heads (%s)"):format(o.main, table.concat(names, ", ")), "main"
    end
    if math.abs(sum - 1) > 1e-6 then
      return ("the weights of %s must sum to 1, they sum to %.10g"):format(table.concat(names, ", "), sum), "weights"
    end
  end,
})
