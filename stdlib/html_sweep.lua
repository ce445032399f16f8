--- A sweep as one HTML page: its tables, its plots, how its cells differ, each run, what failed, the sources.
local axes = require "sweep.axes"
local host_run = require "host.run"
local html_page = require "html_page"
local html_runs = require "html_runs"
local record = require "sweep.record"
local schema = require "schema"
local sweep_table = require "sweep.table"
local system = require "host.system"

local escape, section = html_page.escape, html_page.section

-- A table of sweep/table.lua: the best place of each column in bold, "~" where it is no better than the baseline.
local function result_table(made)
  local header, rows = { unpack(made.rows) }, {}
  for _, head in ipairs(made.heads) do header[#header + 1] = head end
  for r, names in ipairs(made.names) do
    rows[r] = { unpack(names) }
    for _, place in ipairs(made.places[r]) do
      local text = escape(place.text)
      local format = place.best and "<b>%s</b>%s" or "%s%s"
      rows[r][#rows[r] + 1] = { html = format:format(text, place.alike and " ~" or "") }
    end
  end
  local notes = {}
  for i, note in ipairs(made.notes) do
    notes[i] = ('<p class="note">%s</p>\n'):format(escape((note:gsub("; %%s the best", "; bold: the best"))))
  end
  return (made.title and ("<p><b>%s</b></p>\n"):format(escape(made.title)) or "") .. html_page.table(header, rows, true)
    .. table.concat(notes)
end

local function tables(results)
  local parts = {}
  for _, o in ipairs(results.spec.report) do parts[#parts + 1] = result_table(sweep_table.of(results, o)) end
  if #parts == 0 then parts[1] = result_table(sweep_table.plain(results)) end
  return section("Result", table.concat(parts, "\n"))
end

-- The plots that the sweep asked for and drew when it ended; beside them the course of the main metric.
local function plots(directory, source)
  local parts, folder, course = {}, directory .. "/plots", false
  for _, name in ipairs(system.stat(folder) and system.list(folder) or {}) do
    local file = name:match "%.svg$" and io.open(folder .. "/" .. name, "rb")
    if file then
      local svg = file:read "*a"
      file:close()
      if svg:match "^%s*<svg" then
        parts[#parts + 1] = html_page.inline(svg)
        course = course or name:match "^line" or name:match "^curve"
      end
    end
  end
  for _, kind in ipairs(course and { "bar" } or { "curve", "bar" }) do
    local drawn, svg = pcall(function()
      return schema.find("plot." .. kind) { source:main_key() }:build { source = source }:svg()
    end)
    if drawn then parts[#parts + 1] = html_page.inline(svg) end
  end
  return #parts > 0 and section("Plots", table.concat(parts)) or ""
end

-- Trials without a result, with the reason.
local function others(results)
  local rows = {}
  for _, cell in ipairs(results.cells) do
    for _, trial in ipairs(cell.trials) do
      local state = trial.state == "done" and cell.pruned and "pruned with its cell" or trial.state
      if state ~= "done" then
        if trial.epoch then state = ("%s at epoch %d"):format(state, trial.epoch) end
        rows[#rows + 1] = { cell.label, axes.text(trial.seed), state, (trial.reason or ""):match "^[^\n]*" }
      end
    end
  end
  if #rows == 0 then return "" end
  return section("Trials in no mean", html_page.table({ "trial", "seed", "state", "why" }, rows))
end

--- @param source runs_of "SWEEP", with its `directory`
-- @param store the folder of runs
-- @param sources function(run) -> HTML of a run's sources
return function(source, store, sources)
  local results = record.results(source.directory, store)
  local keys = #results.spec.metrics > 0 and results.spec.metrics or results.keys
  local sections = { tables(results), plots(source.directory, source), html_runs.differences(source),
                     html_runs.list(source, keys), others(results) }
  local first = source.groups[1].runs[1]
  local run = host_run.open(store, first.id)
  sections[#sections + 1] = section("Sources", sources(run) .. html_page.folded("Configuration of " .. first.id,
    run:read "config.json"))
  sections[#sections + 1] = html_runs.places(source, store)
  local note = ("sweep of %s, %d of %d trials finished, %d cells"):format(results.spec.script, source.finished,
    source.trials, #results.cells)
  return html_page.document(results.spec.name, { note }, sections)
end
