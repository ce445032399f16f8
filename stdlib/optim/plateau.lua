local schema = require "schema"
local warm = require "warmup"

--- The learning rate falls when the watched metric has not become better for some evaluations, as
-- torch.optim.lr_scheduler.ReduceLROnPlateau.
-- @usage sgd { lr = 0.1, schedule = plateau { mode = "max", patience = 3 } }
return schema.declare("optim.plateau", warm.fields {
  { "mode", "one of min|max", "min", "whether a smaller or a larger metric is better" },
  { "factor", "number in [0, 1)", 0.1, "what the rate is multiplied by" },
  { "patience", "integer >= 0", 10, "evaluations without a better value that are waited for" },
  { "threshold", "number >= 0", 1e-4, "how much better counts" },
  { "threshold_mode", "one of rel|abs", "rel", "threshold as a share of the best value, or as a difference" },
  { "cooldown", "integer >= 0", 0, "evaluations after a fall that do not count" },
  { "min_factor", "number in [0, 1]", 0.0, "smallest share of the learning rate" },
  { "eps", "number >= 0", 1e-8, "a fall by less than this share is left out" },
}, function(o)
  local plateau = require "torch.optim.schedule.plateau"
  local state = { factor = 1, best = nil, num_bad_epochs = 0, cooldown_counter = 0 }
  return {
    state = state,
    factor = function(step, total) return warm.factor(o, step, total) * state.factor end,
    observe = function(value)
      if value ~= value then return end -- an evaluation that found no number says nothing
      if not state.best then
        state.best = value
        return
      end
      if not plateau.observe(o, state, value) then return end
      local new = math.max(state.factor * o.factor, o.min_factor)
      if state.factor - new > o.eps then state.factor = new end
    end,
  }
end)
