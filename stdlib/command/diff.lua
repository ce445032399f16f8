--- `moonlab diff A B`: what is different between two runs, or between a run and a script.
local command_line = require "command_line"
local json = require "json_text"
local run_differences = require "run_differences"
local system = require "host.system"
local tabulate = require "tabulate"

-- An id without its beginning where it is too long: the end tells runs apart.
local function cut_name(text, width)
  if tabulate.width(text) <= width then return text end
  return "…" .. text:sub(-(width - 1))
end

-- Sections side by side in one set of columns, values cut to what a line has room for.
local function write_text(names, sections, width)
  local widest, left, right, behind = 0, tabulate.width(names[1]), tabulate.width(names[2]), 0
  for _, section in ipairs(sections) do
    for _, row in ipairs(section.rows) do
      widest = math.max(widest, tabulate.width(row[1]) + 2)
      behind = math.max(behind, row[4] and row[4] ~= "" and tabulate.width(row[4]) + 2 or 0)
      left, right = math.max(left, tabulate.width(row[2] or "-")), math.max(right, tabulate.width(row[3] or "-"))
    end
  end
  if width < math.huge then
    -- the room beside keys and differences is shared; a column that needs less than half leaves the rest to the other
    widest = math.min(widest, math.floor(width * 0.45))
    local room = width - widest - 4 - behind
    if left + right > room then
      local half = math.floor(room / 2)
      left = math.min(left, math.max(half, room - right))
      right = room - left
    end
  end
  local function line(key, a, b, more)
    local text = tabulate.pad(tabulate.cut(key, widest), widest) .. "  " .. tabulate.pad(tabulate.cut(a, left), left) .. "  "
      .. tabulate.pad(tabulate.cut(b, right), right) .. (more and more ~= "" and "  " .. more or "")
    print((text:gsub("%s+$", "")))
  end
  line("", cut_name(names[1], left), cut_name(names[2], right))
  for _, section in ipairs(sections) do
    print(section.title)
    for _, row in ipairs(section.rows) do line("  " .. row[1], row[2] or "-", row[3] or "-", row[4]) end
  end
end

local function write_json(names, sections)
  local parts = { { "a", names[1] }, { "b", names[2] } }
  for _, section in ipairs(sections) do
    local rows = {}
    for i, row in ipairs(section.rows) do rows[i] = { row[1], { row[2] or json.null, row[3] or json.null } } end
    parts[#parts + 1] = { section.title, json.object(rows) }
  end
  print(json.encode(json.object(parts)))
end

return {
  usage = "A B [key=value ...]",
  summary = "what is different between two runs, or a run and a script",
  help = [[
  A, B         runs (a unique part of a run's beginning or end, or last), or
               scripts as they would run now, under the key=value that follow
  --json       as a line of JSON
  Only differences are told: parameters, configuration, data, sources, program,
  metrics (B - A behind them). Exit code 1 where there are any.]],
  flags = { "--json" },
  main = function(_, words)
    local sides, overrides = {}, {}
    for _, word in ipairs(words) do
      if word:find "=" or word:sub(1, 1) == "~" then overrides[#overrides + 1] = word else sides[#sides + 1] = word end
    end
    if #sides ~= 2 then return command_line.complain("diff", "takes two runs: moonlab diff A B (moonlab ls lists them)") end
    local names, sections
    local fine, code = command_line.attempt("diff", 2, function()
      names, sections = run_differences.of(sides[1], sides[2], overrides)
    end)
    if not fine then return code end
    if words.json then
      write_json(names, sections)
    elseif #sections == 0 then
      print "no difference"
    else
      write_text(names, sections, system.isatty "stdout" and system.terminal_width(80) or math.huge)
    end
    return #sections > 0 and 1 or 0
  end,
}
