--- torch.set_printoptions and what reads it.
local torch = require "torch"
local host = require "host.tensor"
local nearest = require "language.nearest"

local profiles = { default = { 4, 1000, 3, 80 }, short = { 2, 1000, 2, 80 }, full = { 4, math.huge, 3, 80 } }

--- torch.set_printoptions{precision = 4, threshold = 1000, edgeitems = 3, linewidth = 80, profile =, sci_mode =}: how tensors
-- are printed. profile is "default", "short" or "full" and sets the other numbers; sci_mode true or false always or
-- never
-- writes powers of ten, torch.None decides by the numbers again. What is not named stays as it is.
-- @usage torch.set_printoptions { precision = 2 }
function torch.set_printoptions(options)
  options = options or {}
  local known = { "precision", "threshold", "edgeitems", "linewidth", "profile", "sci_mode" }
  for key in pairs(options) do
    local found = false
    for _, name in ipairs(known) do found = found or name == key end
    if not found then
      error(("set_printoptions: unknown option '%s'%s"):format(tostring(key), nearest.did_you_mean(tostring(key),
        known)), 2)
    end
  end
  local precision, threshold, edge, width, scientific = host.print_style()
  local profile = options.profile
  if profile ~= nil and profile ~= torch.None then
    if not profiles[profile] then
      error(("set_printoptions: unknown profile '%s'%s"):format(tostring(profile),
        nearest.did_you_mean(tostring(profile), { "default", "short", "full" })), 2)
    end
    precision, threshold, edge, width = unpack(profiles[profile])
  end
  local sci = options.sci_mode
  if sci == torch.None or sci == nil then scientific = nil else scientific = sci end
  local function given(name, before)
    if options[name] ~= nil and options[name] ~= torch.None then return options[name] end
    return before
  end
  host.print_style(given("precision", precision), given("threshold", threshold), given("edgeitems", edge),
    given("linewidth", width), scientific)
end

--- torch.get_printoptions(): the options as a table.
-- @usage print(torch.get_printoptions().precision)
function torch.get_printoptions()
  local precision, threshold, edge, width, scientific = host.print_style()
  return { precision = precision, threshold = threshold, edgeitems = edge, linewidth = width, sci_mode = scientific }
end
