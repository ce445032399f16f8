--- `moonlab export RUN|ABLATION.lua --csv [-o FILE]`: every metric of a run, or of all runs of an ablation, as a table for
-- other programs.
local runs_of = require "runs_of"

local function complain(message, code)
  io.stderr:write("moonlab export: ", message, "\n")
  return code or 2
end

-- A field as RFC 4180 has it.
local function field(value)
  if value == nil then return "" end
  if type(value) == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return "" end
    return value == math.floor(value) and math.abs(value) < 2 ^ 53 and ("%d"):format(value) or ("%.17g"):format(value)
  end
  local text = tostring(value)
  return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

-- One line for each record: what it belongs to, where in training, then the metrics, sorted.
local function csv(source)
  local lead, keys = { "run", "row", "seed", "epoch", "step", "seconds", "final" }, source:keys()
  local lines, header = {}, {}
  for _, name in ipairs(lead) do header[#header + 1] = name end
  for _, key in ipairs(keys) do header[#header + 1] = field(key) end
  lines[1] = table.concat(header, ",")
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for _, record in ipairs(run.records) do
        local line = { field(run.id), field(group.name), field(run.seed), field(record.epoch), field(record.step),
                       field(record.seconds), record.final and "1" or "0" }
        for _, key in ipairs(keys) do line[#line + 1] = field(type(record[key]) == "number" and record[key] or nil) end
        lines[#lines + 1] = table.concat(line, ",")
      end
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return {
  usage = "RUN|ABLATION.lua --csv [-o FILE]",
  summary = "the metrics of a run, or of an ablation's runs, as CSV",
  help = "  --csv      a line for each time that metrics were measured, a column for each metric; empty where\n"
    .. "             one was not measured or is not finite. final is 1 for the evaluation after training\n"
    .. "  -o FILE    where to; the standard output where absent",
  flags = { "--csv", "-o" },
  main = function(args)
    local what, output, as_csv, i = nil, nil, false, 1
    while i <= #args do
      if args[i] == "--csv" then
        as_csv = true
      elseif args[i] == "-o" then
        i = i + 1
        output = args[i]
        if not output then return complain "-o needs a value" end
      elseif args[i]:match "^%-o=" then
        output = args[i]:sub(4)
      elseif what then
        return complain(("takes one run or ablation, got '%s' too"):format(args[i]))
      else
        what = args[i]
      end
      i = i + 1
    end
    if not what then return complain "which run? moonlab export RUN --csv (moonlab ls lists them)" end
    if not as_csv then return complain "as what? moonlab export RUN --csv" end
    local done, result = pcall(function() return csv(runs_of(what)) end)
    if not done then
      local text = tostring(type(result) == "table" and result.message or result)
      return complain((text:gsub("^[^\n]-%.lua:%d+: ", "")), 1)
    end
    if not output then
      io.stdout:write(result)
      return 0
    end
    local file, reason = io.open(output, "wb")
    if not file then return complain("cannot write " .. reason, 1) end
    local written, problem = file:write(result)
    local closed, late = file:close()
    if not (written and closed) then return complain(("cannot write %s: %s"):format(output, problem or late), 1) end
    io.stdout:write(output, "\n")
    return 0
  end,
}
