local schema = require "schema"

-- What acts on gradients one by one, and so can cover more than the trunk.
local of_gradients = { ["balance.metabalance"] = true, ["balance.pcgrad"] = true, ["balance.gradvac"] = true }

-- The weights: their sum, and what is wrong with them; nil where one depends on the configuration.
local function weights_problem(o)
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
  for name in schema.pairs(o.schedule) do
    if o.weights[name] == nil then
      return ("schedule: '%s' is none of its heads (%s)"):format(name, table.concat(names, ", ")), "schedule"
    end
  end
  if o.balance and #names == 1 and o.balance.kind ~= "balance.fixed" then
    return ("%s balances two tasks or more; this mixture has the head '%s' alone"):format(schema.title(o.balance.kind),
      names[1]), "balance"
  end
end

--- Several heads trained together: each head's loss times its weight. The weights sum to 1. `balance` decides how the
-- tasks' gradients meet in the trunk (scope "all": in the heads as well, where they count in lengths and angles); the
-- heads keep the gradients of the weighted sum. Under metabalance { relax = 1 } the weights of the auxiliary heads
-- cancel in the trunk (every gradient gets the length of the main one). `schedule` changes weights while training: a
-- schedule as for learning rates, or function(step, total, epoch) -> factor (step from 0, epoch from 1); the weights
-- are scaled to sum to 1 again. train = { log = { "grad_norm/*", "grad_cosine/*", "task_weight/*" } } writes down
-- what happens.
-- @usage mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = metabalance { relax = 0.7 } }
-- @usage mixture { main = "onehot", onehot = 0.5, binary = 0.5, schedule = { binary = cosine { floor = 0.1 } } }
return schema.declare("mixture", {
  { "main", "string", schema.required, "the head whose task counts; the others help it" },
  { "balance", "node balance", schema.optional, "how gradients are combined in the trunk; their sum where absent" },
  { "scope", "one of trunk|all", "trunk", "the parameters that a balance of gradients acts on" },
  { "schedule", "map of (node optim or function)", {}, "by head: a factor on its weight, by step or epoch" },
  { "weights", "map of (number >= 0 or node loss)", {}, "the weight of each head, or weight * loss", at = "keys" },
}, function(o, context) return require "balanced".new(o, context) end, {
  check = function(o)
    local problem, field = weights_problem(o)
    if problem then return problem, field end
    if o.scope == "all" and o.balance then
      if not of_gradients[o.balance.kind] then
        return ("scope = \"all\" is for balances of gradients (metabalance, pcgrad, gradvac); %s is none"):format(
          schema.title(o.balance.kind)), "scope"
      end
      if o.balance.args.mode and o.balance.args.mode ~= "joint" then
        return ("scope = \"all\" leaves no heads that could step first; mode = \"%s\" needs scope = \"trunk\""):format(
          o.balance.args.mode), "scope"
      end
    end
  end,
})
