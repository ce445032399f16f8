--- `moonlab export RUN|ABLATION.lua --csv|--tensorboard [-o PLACE]`: every metric of a run, or of all runs of an ablation,
-- for other programs.
local command_line = require "command_line"
local host_run = require "host.run"
local runs_of = require "runs_of"
local runner = require "runner"
local system = require "host.system"

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

-- A file of events for each run, below a folder: FOLDER/ROW/RUN/events.out.tfevents.SECONDS.moonlab.
local function tensorboard(source, folder)
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      local started = host_run.open(runner.store(), run.id):meta().started
      started = type(started) == "number" and started or 0
      local events, last = {}, {} -- the evaluation after training says nothing new of what its step has
      for i, record in ipairs(run.records) do
        local scalars = {}
        for _, key in ipairs(source:keys()) do
          local value = record[key]
          if type(value) == "number" and not (record.final and last[key] == record.step) then
            scalars[key], last[key] = value, record.step
          end
        end
        if next(scalars) then
          events[#events + 1] = { time = started + (record.seconds or 0), step = record.step or i, scalars = scalars }
        end
      end
      local place = #source.groups > 1 and group.name:gsub("[^%w._ -]", "_") .. "/" or ""
      local path = ("%s/%s%s"):format(folder, place, run.id)
      local file = ("%s/events.out.tfevents.%010d.moonlab"):format(path, started)
      local made, reason = system.mkdir(path)
      if made then made, reason = system.write_atomic(file, host_run.events(started, events)) end
      if not made then error(("cannot write %s: %s"):format(file, tostring(reason)), 0) end
    end
  end
end

return {
  usage = "RUN|ABLATION.lua --csv|--tensorboard [-o PLACE]",
  summary = "the metrics of a run, or of an ablation's runs, as CSV or as TensorBoard's event files",
  help = "  --csv            a line for each time that metrics were measured, a column for each metric; empty\n"
    .. "                   where one was not measured or is not finite. final is 1 for the evaluation after\n"
    .. "                   training\n"
    .. "  --tensorboard    an event file for each run, in folders named after rows and runs\n"
    .. "  -o PLACE         the file, or the folder; of CSV the standard output where absent",
  flags = { "--csv", "--tensorboard", "-o" },
  main = function(args)
    local words, problem = command_line.source_words(args, { "--csv", "--tensorboard" })
    if not words then return complain(problem) end
    local what, output = words.what, words.output
    local as = words["--csv"] and "--csv" or words["--tensorboard"] and "--tensorboard"
    if not what then return complain "which run? moonlab export RUN --csv (moonlab ls lists them)" end
    if not as then return complain "as what? moonlab export RUN --csv or --tensorboard" end
    if as == "--tensorboard" and not output then return complain "where to? moonlab export RUN --tensorboard -o FOLDER" end
    local done, result = pcall(function()
      if as == "--csv" then return csv(runs_of(what)) end
      tensorboard(runs_of(what), output)
    end)
    if not done then
      local text = tostring(type(result) == "table" and result.message or result)
      return complain((text:gsub("^[^\n]-%.lua:%d+: ", "")), 1)
    end
    if not output then
      io.stdout:write(result)
      return 0
    end
    if as == "--tensorboard" then
      io.stdout:write(output, "\n")
      return 0
    end
    local file, reason = io.open(output, "wb")
    if not file then return complain("cannot write " .. reason, 1) end
    local written, failure = file:write(result)
    local closed, late = file:close()
    if not (written and closed) then return complain(("cannot write %s: %s"):format(output, failure or late), 1) end
    io.stdout:write(output, "\n")
    return 0
  end,
}
