--- What all constructors of stdlib/plot share: title and size, where the numbers come from, what can be done at once.
--
-- A plot takes its numbers from its options, or from a source (plot_source.lua): a run, or the rows of an ablation.
--
--     return plotting.declare("plot.curve", fields, function(o, source) return <data for figure.lua> end, {
--       check = function(o) ... end,              as schema.declare
--       ready = function(o, made) -> message      what an experiment cannot give it, said before training
--     })
local figure = require "figure"
local schema = require "schema"

local plotting = {}

local common = {
  { "title", "string", schema.optional, "stands above the plot", display = true },
  { "subtitle", "string", schema.optional, "what stands below the title", display = true },
  { "width", "integer >= 240", 720, "pixels", display = true },
  { "height", "integer >= 160", 420, "pixels; a legend or many rows may need more", display = true },
}

local function drawn(node) return node:build {} end

local actions = {
  save = function(node, ...) return drawn(node):save(...) end,
  svg = function(node, ...) return drawn(node):svg(...) end,
  png = function(node, ...) return drawn(node):png(...) end,
  terminal = function(node, ...) return drawn(node):terminal(...) end,
  show = function(node) return drawn(node):show() end,
}

--- kind -> function(o, made): what an experiment cannot give a plot.
plotting.ready = {}

function plotting.declare(kind, fields, draw, more)
  local all = {}
  for _, field in ipairs(fields) do all[#all + 1] = field end
  for _, field in ipairs(common) do all[#all + 1] = field end
  more = more or {}
  plotting.ready[kind] = more.ready
  return schema.declare(kind, all, function(o, context)
    local data = draw(o, context.source, context)
    data.title = o.title or data.title or ""
    data.subtitle = o.subtitle or data.subtitle
    return figure.new(data, { width = o.width, height = o.height })
  end, { check = more.check, actions = actions })
end

--- Raises what a plot without numbers of its own lacks.
function plotting.without_source(kind, needed)
  error(("%s: %s, or let a run give the numbers: eval = { plots = { %s {} } }, moonlab plot RUN %s"):format(
    kind, needed, kind, (kind:match "[^.]+$")), 0)
end

return plotting
