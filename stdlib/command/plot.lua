--- `moonlab plot RUN|ABLATION.lua [KIND] [KEY ...]`: a run's metrics, or those of all rows and seeds of an ablation, as a
-- plot in a file or on the terminal.
local command_line = require "command_line"
local nearest = require "language.nearest"
local runs_of = require "runs_of"
local schema = require "schema"

-- Kinds whose positional values are metrics or parameters; those that take the numbers of scripts alone are left out.
local function kinds()
  local names = {}
  for _, name in ipairs(schema.names "plot") do
    if name ~= "line" and name ~= "scatter" and name ~= "heat" then names[#names + 1] = name end
  end
  return names
end

-- "0.5", "true" and text as options take them.
local function value_of(text)
  if text == "true" or text == "false" then return text == "true" end
  return tonumber(text) or text
end

-- The words by what they are: { what, kind, keys, options, and the flags }; nil and what is wrong.
local function read(words)
  local o = { keys = {}, options = {}, output = words.output, terminal = words.terminal, theme = words.theme, scale = words.scale }
  for _, word in ipairs(words) do
    local name, given = word:match "^([%a_][%w_]*)=(.*)$"
    if name then
      o.options[name] = value_of(given)
    elseif not o.what then
      o.what = word
    elseif not o.kind then
      o.kind = word
    else
      o.keys[#o.keys + 1] = word
    end
  end
  if not o.what then return nil, "which run? moonlab plot RUN (moonlab ls lists them), or an ablation's script" end
  if o.output and not o.output:lower():match "%.svg$" and not o.output:lower():match "%.png$" then
    return nil, ("a plot is saved as FILE.svg or FILE.png, got '%s'"):format(o.output)
  end
  return o
end

-- The constructor of a kind; a metric in its place ("val.top1") is a curve of it.
local function constructor_of(o, source)
  if not o.kind then
    o.kind = #source.groups > 1 and "deltas" or "curve"
  elseif o.kind:find "[./*]" then
    table.insert(o.keys, 1, o.kind)
    o.kind = "curve"
  end
  for _, known in ipairs(kinds()) do
    if known == o.kind then return schema.find("plot." .. o.kind) end
  end
  error(("unknown kind '%s'%s (%s; or a metric such as test.top1)"):format(o.kind, nearest.did_you_mean(o.kind, kinds()),
    table.concat(kinds(), ", ")), 0)
end

local function draw(o)
  local source = runs_of(o.what)
  local constructor = constructor_of(o, source)
  local options = {}
  for i, key in ipairs(o.keys) do options[i] = key end
  for name, value in pairs(o.options) do options[name] = value end
  return constructor(options):build { source = source }
end

return {
  usage = "RUN|SWEEP|FILE.lua [KIND] [KEY ...] [option=value ...] [-o FILE]",
  summary = "a plot of a run, a sweep or an ablation: SVG, PNG or printed",
  help = [[
  RUN        a unique part of a run's beginning or end, or last
  SWEEP      a sweep's id or name: a line or bar for each cell, with the spread
             over seeds
  FILE.lua   the script of a sweep or of an ablation that was run
  KIND       curve KEY ...     metrics while training; all of them without a
                               KEY (patterns: 'grad_norm/*')
             deltas [KEY]      what each row of an ablation changes
             bar [KEY]         the values of all rows
             against PARAMETER a metric against a parameter, such as fraction
                               (metric=KEY, by=PARAMETER)
             grid ROWS COLUMNS a metric over two parameters, such as head
                               fraction (metric=KEY)
             tasks             weights of tasks, norms and cosines of their
                               gradients
             confusion, reliability, dendrogram, label_heat, similar
                               of a run's model, which is loaded
             A KEY alone is a curve; help "plot.curve" at the prompt has the
             options of each kind, which are given as option=value
  -o FILE    FILE.svg or FILE.png; without it, or with --terminal, the plot is
             printed
  --theme T  auto (SVG: as the reader prefers), light or dark
  --scale N  pixels of a PNG for each of the SVG's (2)]],
  flags = { "-o --output FILE", "--terminal", "--theme auto|light|dark", "--scale X" },
  main = function(_, words)
    local o, problem = read(words)
    if not o then return command_line.complain("plot", problem) end
    local _, code = command_line.attempt("plot", 1, function()
      local drawn = draw(o)
      if o.output then
        drawn:save(o.output, { theme = o.theme, scale = o.output:lower():match "%.png$" and o.scale or nil })
        io.stdout:write(o.output, "\n")
      end
      if o.terminal or not o.output then drawn:show() end
    end)
    return code
  end,
}
