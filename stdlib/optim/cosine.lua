local schema = require "schema"
local warm = require "warmup"

--- The learning rate falls along half a cosine to `floor` of itself (Loshchilov and Hutter 2017), after a warm-up.
-- @usage adamw { lr = 3e-4, schedule = cosine { warmup = "5%" } }
return schema.declare("optim.cosine", warm.fields {
  { "floor", "number in [0, 1]", 0.0, "share of the learning rate that is left at the end" },
}, function(o)
  return {
    factor = function(step, total)
      local fall = o.floor + (1 - o.floor) * 0.5 * (1 + math.cos(math.pi * warm.progress(o, step, total)))
      return warm.factor(o, step, total) * fall
    end,
  }
end)
