local schema = require "schema"

--- One rise and one fall over the whole run (Smith and Topin 2018): lr is the peak; momentum, or Adam's first beta,
-- moves against it. As torch.optim.lr_scheduler.OneCycleLR, by the step.
-- @usage sgd { lr = 0.5, momentum = 0.9, schedule = one_cycle { pct_start = 0.3 } }
return schema.declare("optim.one_cycle", {
  { "pct_start", "number in [0, 1]", 0.3, "share of the run in which it rises" },
  { "anneal_strategy", "one of cos|linear", "cos", "shape of rise and fall" },
  { "cycle_momentum", "boolean", true, "momentum falls while the rate rises" },
  { "base_momentum", "number in [0, 1]", 0.85, "momentum at the peak" },
  { "max_momentum", "number in [0, 1]", 0.95, "momentum at start and end" },
  { "div_factor", "number > 0", 25.0, "lr over the rate at the start" },
  { "final_div_factor", "number > 0", 1e4, "rate at the start over the rate at the end" },
  { "three_phase", "boolean", false, "fall as long as it rose, then to the end" },
}, function(o)
  local cycles = require "torch.optim.schedule.cycles"
  local marks = { initial_lr = 1 / o.div_factor, max_lr = 1, min_lr = 1 / o.div_factor / o.final_div_factor }
  if o.cycle_momentum then marks.base_momentum, marks.max_momentum = o.base_momentum, o.max_momentum end
  local phases, phases_of
  return {
    factor = function(step, total)
      if not total then error("one_cycle: it needs a run of known length", 0) end
      if phases_of ~= total then phases, phases_of = cycles.phases(total, o.pct_start, o.three_phase), total end
      return cycles.at(phases, math.min(step, total - 1), o.anneal_strategy, marks)
    end,
    begin = function(run)
      if o.cycle_momentum and run.defaults.momentum == nil and run.defaults.betas == nil then
        error("one_cycle: this optimizer has no momentum; set cycle_momentum = false", 0)
      end
    end,
  }
end)
