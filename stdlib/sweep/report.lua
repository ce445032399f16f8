--- What a sweep says at its end: tables, plots, what failed; and its exit code.
local canonical = require "language.canonical"
local record = require "sweep.record"
local schema = require "schema"
local smoke = require "smoke"
local sweep_source = require "sweep.source"
local sweep_table = require "sweep.table"
local system = require "host.system"

local report = {}

local why = { interrupted = "interrupted", failed = "stopped because a trial failed",
              refused = "stopped because the store cannot be written" }

-- {"sweep":"heads-1a2b3c","cells":[{"label":...,"values":{...},"trials":[{"seed":1,"state":"done","run":...}]}]}
local function json(made, results)
  local cells = {}
  for c, cell in ipairs(results.cells) do
    local trials = {}
    for i, trial in ipairs(cell.trials) do
      local metrics = {}
      for _, key in ipairs(trial.keys) do metrics[key] = trial.values[key] end
      trials[i] = { seed = trial.seed, state = trial.state, run = trial.run, metrics = next(metrics) and metrics or nil,
                    reason = trial.reason, batch_halved_to = trial.batch,
                    pruned_at = trial.state == "pruned" and trial.epoch or nil }
    end
    cells[c] = { label = cell.label, values = next(cell.values) and cell.values or nil, trials = trials,
                 pruned_at = cell.pruned }
  end
  return canonical.text { sweep = made.id, smoke = made.options.smoke or nil, cells = cells }
end

-- Draws the plots of the sweep's report; returns lines about files and about what could not be drawn.
local function draw(made, results)
  local lines, count = {}, {}
  local source
  for _, node in ipairs(made.plan.args.report) do
    local name = node.kind:match "^plot%.(.+)$"
    if name then
      count[name] = (count[name] or 0) + 1
      local file = ("%s/plots/%s%s.svg"):format(made.directory, name, count[name] > 1 and "-" .. count[name] or "")
      local done, problem = pcall(function()
        source = source or sweep_source(made.directory, made.store, results)
        system.mkdir(made.directory .. "/plots")
        local written, why = system.write_atomic(file, schema.build(node, { source = source }):svg())
        if not written then error(why, 0) end
      end)
      local text = type(problem) == "table" and problem.message or tostring(problem)
      lines[#lines + 1] = done and file or ("not drawn: %s: %s"):format(node.kind,
        (text:gsub("^" .. node.kind:gsub("%p", "%%%0") .. ": ", "")))
    end
  end
  return lines
end

local function failures(made, write)
  local failed = {}
  for _, work in ipairs(made.works) do
    if work.state == "failed" then failed[#failed + 1] = work end
  end
  if #failed == 0 then return end
  write(("\n%d of %d trials failed and are in no mean:\n"):format(#failed, made.plan:total()))
  for _, work in ipairs(failed) do
    write(("  %s: %s%s\n"):format(work.trial.label, work.code and work.code ~= 0
      and ("exit code %d: "):format(work.code) or "", work.reason or "no message"))
  end
end

--- @param made the coordinator
-- @param o { stopped, counts, words, write, seconds }
-- @return the exit code: 0; 1 where the store cannot be written; 5 where trials failed; 75 where interrupted
function report.finish(made, o)
  local words, counts = o.words, o.counts
  made:save()
  local text, results = sweep_table.render(made.directory, { store = made.store,
                                                             format = words.markdown and "markdown" or "text" })
  local code = o.stopped == "interrupted" and 75 or o.stopped == "refused" and 1 or counts.failed > 0 and 5 or 0
  if words.json then
    o.write(json(made, results) .. "\n")
    return code
  end
  local say = words.quiet and function() end or o.write
  local finished = counts.done + counts.pruned + counts.halved
  if o.stopped then
    say(("\n%s: %d of %d trials finished; the same command runs the rest, or\n  moonlab resume %s\n"):format(
      why[o.stopped], finished, made.plan:total(), made.id))
  end
  if finished > 0 then
    o.write((words.quiet and "" or "\n") .. text .. "\n")
    if made.options.smoke then say(smoke.note .. "\n") end
  end
  failures(made, say)
  if finished > 0 and not o.stopped then
    local lines = draw(made, results)
    if #lines > 0 then say "\n" end
    for _, line in ipairs(lines) do say(line .. "\n") end
  end
  if not words.quiet and made.other_code > 0 then
    say(("\n%d of the trials in the store were trained by other code than this; --force trains all anew\n")
      :format(made.other_code))
  end
  say(("\n%.0f s altogether, %s\n"):format(o.seconds, made.directory))
  return code
end

return report
