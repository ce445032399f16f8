--- `moonlab export RUN|ABLATION.lua --csv|--tensorboard [-o PLACE]`: every metric of a run, or of all runs of an ablation,
-- for other programs.
local command_line = require "command_line"
local host_run = require "host.run"
local runs_of = require "runs_of"
local runner = require "runner"
local system = require "host.system"

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
  usage = "RUN|SWEEP|FILE.lua --csv|--tensorboard [-o PLACE]",
  summary = "metrics of runs as CSV or as TensorBoard's event files",
  help = [[
  RUN              a unique part of a run's beginning or end, or last
  SWEEP            a sweep's id or name
  FILE.lua         the script of a sweep or of an ablation that was run
  --csv            a line for each time that metrics were measured, a column for
                   each metric; empty where one was not measured or is not
                   finite. final is 1 for the evaluation after training
  --tensorboard    an event file for each run, in folders named after rows and
                   runs
  -o PLACE         the file, or the folder; of CSV the standard output where
                   absent]],
  flags = { "--csv", "--tensorboard", "-o --output PLACE" },
  main = function(_, words)
    local what, output = words[1], words.output
    local problem = not what and "which run? moonlab export RUN --csv (moonlab ls lists them)"
      or words[2] and ("takes one run or ablation, got '%s' too"):format(words[2])
      or not (words.csv or words.tensorboard) and "as what? moonlab export RUN --csv or --tensorboard"
      or words.csv and words.tensorboard and "one of --csv and --tensorboard"
      or words.tensorboard and not output and "where to? moonlab export RUN --tensorboard -o FOLDER"
    if problem then return command_line.complain("export", problem) end
    local _, code = command_line.attempt("export", 1, function()
      local source = runs_of(what)
      if words.tensorboard then
        tensorboard(source, output)
      elseif output then
        local written, reason = system.write_atomic(output, csv(source))
        if not written then error(("cannot write %s: %s"):format(output, reason), 0) end
      else
        io.stdout:write(csv(source))
      end
      if output then io.stdout:write(output, "\n") end
    end)
    return code
  end,
}
