--- The plots that an experiment asks for (eval.plots): checked before training, written to artifacts/NAME.svg after it.
local plot_source = require "plot_source"
local plotting = require "plotting"
local schema = require "schema"

local plots = {}

-- The files' names: curve.svg; curve-2.svg where there are several of a kind.
local function names_of(list)
  local count, names = {}, {}
  for i, node in ipairs(list) do
    local name = node.kind:match "[^.]+$"
    count[name] = (count[name] or 0) + 1
    names[i] = count[name] == 1 and name or ("%s-%d"):format(name, count[name])
  end
  return names
end

--- Says before training what a plot will not find.
function plots.check(made)
  for _, node in ipairs(made.o.eval.plots) do
    local ready = plotting.ready[node.kind]
    local problem = ready and ready(node.args, made)
    if problem then error({ position = node.position, message = problem }, 0) end
  end
end

--- Draws all plots of a finished run below its artifacts. What cannot be drawn spoils no run: it is written to its log.
-- @return the files written, and a list of problems
function plots.write(made, run)
  local list = made.o.eval.plots
  local names, written, problems = names_of(list), {}, {}
  local source = plot_source.run(run, made)
  made.predictions = nil -- of weights that have changed
  for i, node in ipairs(list) do
    local file = ("artifacts/%s.svg"):format(names[i])
    local done, problem = pcall(function()
      run:write(file, schema.build(node, { source = source }):svg())
    end)
    if done then
      written[#written + 1] = file
    else
      local text = tostring(type(problem) == "table" and problem.message or problem)
      problems[#problems + 1] = text:sub(1, #node.kind) == node.kind and text or node.kind .. ": " .. text
      run:log(problems[#problems])
    end
  end
  return written, problems
end

return plots
