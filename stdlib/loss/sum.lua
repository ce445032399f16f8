local schema = require "schema"

--- A weighted sum of losses: what `0.5 * ce {} + mse {}` means. Written as the formula, never by name.
-- @usage 0.5 * loss.ce {} + 0.5 * loss.mse {}
return schema.declare("loss.sum", {
  { "terms", "list of any", schema.required, "the terms, each { weight =, term = }" },
}, function(o, context)
  local built = {}
  for i, item in ipairs(o.terms) do built[i] = { weight = item.weight, of = schema.build(item.term, context) } end
  return function(...)
    local total
    for _, item in ipairs(built) do
      local value = item.of(...) * item.weight
      total = total and total + value or value
    end
    return total
  end
end)
