--- A plot whose data are known: drawn, saved, or shown on a terminal.
--
--     local f = figure.new({ kind = "xy", ... }, { width = 720, height = 420 })     -- data as host/run/plot_input.hpp has it
--     f:save "curves.svg"                     also .png; { theme = "light" | "dark" | "auto", scale = 2 }
--     f:svg(options), f:png(options)          the same as text
--     print(f)                                 braille; f:terminal { columns = 100, rows = 24, colour = true }
local host_plot = require "host.plot"
local system = require "host.system"

local figure = {}

local Figure = {}
Figure.__index = Figure

--- @param data what is drawn
-- @param size { width, height } in pixels; kinds whose content gives their size ignore it
function figure.new(data, size) return setmetatable({ data = data, size = size or {} }, Figure) end

local function with_size(self, options)
  local all = { width = self.size.width, height = self.size.height }
  for key, value in pairs(options or {}) do all[key] = value end
  return all
end

--- SVG text. options: theme ("auto", "light", "dark"), width, height.
function Figure:svg(options) return host_plot.svg(self.data, with_size(self, options)) end

--- The bytes of a PNG. options: theme ("light", "dark"), scale (pixels for each of the SVG's; 2), width, height.
function Figure:png(options) return host_plot.png(self.data, with_size(self, options)) end

--- Lines for a terminal. options: columns, rows, colour.
function Figure:terminal(options)
  options = options or {}
  return host_plot.terminal(self.data, { columns = options.columns or system.terminal_width(80),
                                         rows = options.rows or 24, colour = options.colour or false })
end

function Figure:__tostring() return (self:terminal():gsub("\n$", "")) end

--- Prints it, in colour on a terminal.
function Figure:show()
  io.stdout:write(self:terminal { colour = system.isatty "stdout" and os.getenv "NO_COLOR" == nil })
end

--- Writes it to a file whose name ends in .svg or .png. Errors: another ending, a place that cannot be written.
function Figure:save(path, options)
  local ending = type(path) == "string" and path:lower():match "%.(%w+)$"
  if ending ~= "svg" and ending ~= "png" then
    error(("a plot is saved as FILE.svg or FILE.png, got %s"):format(
      type(path) == "string" and "'" .. path .. "'" or "a " .. type(path)), 0)
  end
  local text = self[ending](self, options)
  local file, reason = io.open(path, "wb")
  if not file then error(("cannot write %s"):format(reason), 0) end
  local written, problem = file:write(text)
  local closed, late = file:close()
  if not (written and closed) then error(("cannot write %s: %s"):format(path, problem or late), 0) end
  return self
end

return figure
