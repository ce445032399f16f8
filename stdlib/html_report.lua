--- A run, or an ablation, as one HTML file: what was told, what was reached, the plots, the sources. It refers to
-- nothing outside of itself and everything that a script or a data set named is escaped.
local host_run = require "host.run"
local html_page = require "html_page"
local html_runs = require "html_runs"
local liveness = require "liveness"
local run_page = require "run_page"
local schema = require "schema"
local system = require "host.system"
local tabulate = require "tabulate"

local html_report = {}

local document, escape, folded, inline = html_page.document, html_page.escape, html_page.folded, html_page.inline
local section, table_of = html_page.section, html_page.table

-- What a plot of a source shows, or why it cannot be drawn.
local function drawn(kind, options, source)
  local done, result = pcall(function()
    return schema.find("plot." .. kind)(options):build { source = source }:svg()
  end)
  if done then return inline(result) end
  return ('<p class="note">%s</p>\n'):format(escape(type(result) == "table" and result.message or result))
end

local function number(value) return ("%.6g"):format(value) end

-- Names of the files of a run below a folder that end in .svg or .txt, sorted.
local function artifacts(run, ending)
  local found, folder = {}, run:path() .. "/artifacts"
  for _, name in ipairs(system.stat(folder) and system.list(folder) or {}) do
    if name:match(ending) then found[#found + 1] = "artifacts/" .. name end
  end
  table.sort(found)
  return found
end

local function sources(run)
  local parts = {}
  if system.stat(run:path() .. "/script.lua") then parts[1] = folded("script.lua", run:read "script.lua") end
  local folder = run:path() .. "/files"
  for _, name in ipairs(system.stat(folder) and system.list(folder) or {}) do
    local file = system.stat(folder .. "/" .. name).kind == "file"
    if file then parts[#parts + 1] = folded(name, run:read("files/" .. name)) end
  end
  return table.concat(parts)
end

--- The page of one run.
-- @param run an open run (host.run)
-- @param source its numbers (plot_source.run)
function html_report.of_run(run, source)
  local meta, records, sections = run:meta(), run:metrics(), {}
  local last = records[#records] or {}
  local told = run_page.facts(run, last, true)
  for _, pair in ipairs(run_page.params(meta)) do told[#told + 1] = { "parameter " .. pair[1], pair[2] } end
  local rows, keys = {}, last.final_keys or {}
  if #keys == 0 then
    for _, key in ipairs(source:keys()) do
      if last[key] then keys[#keys + 1] = key end
    end
  end
  for i, key in ipairs(keys) do
    rows[i] = { tostring(key), type(last[key]) == "number" and number(last[key]) or "-" }
  end
  if #rows > 0 then
    local title = last.final and "Result" or "Last metrics"
    sections[#sections + 1] = section(title, table_of({ "metric", "value" }, rows, true))
  end
  if system.stat(run:path() .. "/error.txt") then
    sections[#sections + 1] = section("Error", '<pre class="bad">' .. escape(run:read "error.txt") .. "</pre>")
  end
  local plots, files = {}, artifacts(run, "%.svg$")
  local curves = #source:keys() > 0
  for _, file in ipairs(files) do curves = curves and not file:match "/curve[^/]*$" end
  if curves then plots[1] = drawn("curve", {}, source) end
  for _, file in ipairs(files) do
    local svg = run:read(file)
    if svg:match "^%s*<svg" then plots[#plots + 1] = inline(svg) end
  end
  if #plots > 0 then sections[#sections + 1] = section("Plots", table.concat(plots)) end
  local texts = {}
  for _, file in ipairs(artifacts(run, "%.txt$")) do texts[#texts + 1] = folded(file, run:read(file)) end
  if #texts > 0 then sections[#sections + 1] = section("Reports", table.concat(texts)) end
  sections[#sections + 1] = section("What it was told", table_of({ "", "" }, told)
    .. folded("Configuration", run:read "config.json"))
  sections[#sections + 1] = section("Sources", sources(run))
  return document(source.title, { ("run %s, %s"):format(run:id(), liveness.status(run)) }, sections)
end

-- The keys that the table of an ablation shows: those asked for, else what the last evaluations measured.
local function shown_keys(source)
  if source.metrics then return source.metrics end
  local keys, seen = {}, {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for _, key in ipairs((run.records[#run.records] or {}).final_keys or {}) do
        if not seen[key] then
          seen[key] = true
          keys[#keys + 1] = key
        end
      end
    end
  end
  return #keys > 0 and keys or { source:main_key() }
end

local function values(source, group, key)
  local list = {}
  for i, final in ipairs(source:finals(group, key)) do list[i] = final.value end
  return list
end

local function paper_of(group, key, first)
  if type(group.paper) == "table" then return group.paper[key] end
  return first and group.paper or nil
end

-- Rows and columns as the command line prints them, with the papers' numbers where there are any.
local function result_table(source, keys)
  local header, with_paper = { "" }, {}
  for i, key in ipairs(keys) do
    header[#header + 1] = key
    for _, group in ipairs(source.groups) do
      with_paper[key] = with_paper[key] or paper_of(group, key, i == 1) ~= nil
    end
    if with_paper[key] then header[#header + 1] = "paper" end
  end
  header[#header + 1], header[#header + 2] = "difference in " .. keys[1], "runs"
  local reference = tabulate.statistics(values(source, source.groups[1], keys[1]))
  local rows = {}
  for g, group in ipairs(source.groups) do
    local row = { group.name }
    for i, key in ipairs(keys) do
      row[#row + 1] = tabulate.mean_std(values(source, group, key))
      if with_paper[key] then
        local paper = paper_of(group, key, i == 1)
        row[#row + 1] = paper and number(paper) or "-"
      end
    end
    local mean = tabulate.statistics(values(source, group, keys[1]))
    row[#row + 1] = g > 1 and mean and reference and tabulate.signed(mean - reference) or ""
    row[#row + 1] = tostring(#group.runs)
    rows[g] = row
  end
  return table_of(header, rows, true)
end

--- The page of an ablation, of what the store holds of its runs.
-- @param source runs_of "ABLATION.lua"
-- @param store the folder of runs
function html_report.of_ablation(source, store)
  local keys, sections = shown_keys(source), {}
  sections[1] = section("Result", result_table(source, keys))
  local plots = {}
  if #source.groups > 1 then plots[1] = drawn("deltas", { keys[1] }, source) end
  for _, key in ipairs(keys) do plots[#plots + 1] = drawn("curve", { key }, source) end
  sections[2] = section("Plots", table.concat(plots))
  sections[3] = html_runs.differences(source)
  sections[4] = html_runs.list(source, keys)
  for _, group in ipairs(source.groups) do
    if group.runs[1] then -- whose sources are everybody's
      local run = host_run.open(store, group.runs[1].id)
      sections[5] = section("Sources", sources(run))
      sections[6] = section("Configuration of '" .. group.name .. "'", folded("Configuration", run:read "config.json"))
      break
    end
  end
  sections[#sections + 1] = html_runs.places(source, store)
  local note = source.finished == source.trials and ("%d runs"):format(source.trials)
    or ("%d of %d runs are in the store"):format(source.finished, source.trials)
  return document(source.title, { ("ablation, %s, mean ± std over %d seeds"):format(note, #source.seeds) }, sections)
end

--- The page of a sweep, of what the store holds of its runs.
function html_report.of_sweep(source, store) return require "html_sweep"(source, store, sources) end

return html_report
