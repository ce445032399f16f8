local plotting = require "plotting"
local schema = require "schema"

-- The panels in their order: the prefix of the metrics, what they are.
local panels = {
  { "task_weight", "weight of each task", "none" },
  { "grad_norm", "norm of each task's gradient on the trunk", "y" },
  { "grad_cosine", "cosine between the gradients of two tasks", "none" },
}

--- How a mixture is balanced while it trains: each task's weight, the norms of the tasks' gradients and the cosines between
-- them, a panel each. They are logged where the experiment says train = { log = { "grad_norm/*", "task_weight/*" } }.
-- @usage plot.tasks {}
return plotting.declare("plot.tasks", {
  { "x", "one of epoch|step|seconds", "epoch", "what the x axis counts" },
  { "band", "one of std|range|none", "std", "the spread over seeds around a line" },
}, function(o, source)
  if not source then plotting.without_source("plot.tasks", "its numbers are those of a run") end
  local parts, curve = {}, schema.find "plot.curve"
  for _, panel in ipairs(panels) do
    if #source:matching(panel[1] .. "/*") > 0 then
      local part = curve { panel[1] .. "/*", x = o.x, band = o.band, log = panel[3] }:build { source = source }.data
      part.title, part.y.label = nil, panel[2]
      for _, series in ipairs(part.series) do series.name = series.name:gsub(panel[1] .. "/", "") end
      parts[#parts + 1] = part
    end
  end
  if #parts == 0 then
    error(("plot.tasks: %s has logged neither weights nor gradients of tasks; train = { log = { \"grad_norm/*\", "
      .. "\"task_weight/*\" } } does"):format(source.title), 0)
  end
  return { kind = "stack", title = source.title .. ": tasks", parts = parts }
end)
