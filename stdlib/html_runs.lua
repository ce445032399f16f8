--- What the page of many runs (a sweep, an ablation) says of each: in which parameters they differ, a table that leads
-- to a place for each run, and there where it comes from and what it reached.
local host_run = require "host.run"
local html_page = require "html_page"
local run_columns = require "run_columns"
local run_page = require "run_page"

local escape = html_page.escape

local html_runs = {}

local kMostRuns = 300 -- of which each has a place of its own; the table names all

local function anchor(id) return "run-" .. id:gsub("[^%w_.-]", "_") end

--- A link to the place of a run on the page.
function html_runs.link(id) return { html = ('<a href="#%s">%s</a>'):format(escape(anchor(id)), escape(id)) } end

-- Text of a parameter in a group: that of its runs, or all of theirs.
local function value_of(group, key)
  local seen, list = {}, {}
  for _, run in ipairs(group.runs) do
    local text = run_columns.plain((run.params or {})[key])
    if not seen[text] then
      seen[text] = true
      list[#list + 1] = text
    end
  end
  return table.concat(list, ", ")
end

--- Parameters in which the groups of a source differ, as a table; "" where they differ in none.
function html_runs.differences(source)
  local keys, first, differs = {}, {}, {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for key in pairs(run.params or {}) do keys[key] = true end
    end
  end
  local header, rows = { "" }, {}
  for key in pairs(keys) do
    for _, group in ipairs(source.groups) do
      local text = value_of(group, key)
      if first[key] == nil then first[key] = text elseif first[key] ~= text then differs[key] = true end
    end
    if differs[key] then header[#header + 1] = key end
  end
  if #header == 1 then return "" end
  table.sort(header)
  for g, group in ipairs(source.groups) do
    rows[g] = { group.name }
    for c = 2, #header do rows[g][c] = value_of(group, header[c]) end
  end
  return html_page.section("How they differ", html_page.table(header, rows))
end

--- The table of all runs of a source, with the last value of each key.
function html_runs.list(source, keys)
  local header, rows = { "run", "row", "seed" }, {}
  for _, key in ipairs(keys) do header[#header + 1] = key end
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      local last = run.records[#run.records] or {}
      local row = { #rows < kMostRuns and html_runs.link(run.id) or run.id, group.name, ("%d"):format(run.seed) }
      for _, key in ipairs(keys) do row[#row + 1] = last[key] and ("%.6g"):format(last[key]) or "-" end
      rows[#rows + 1] = row
    end
  end
  return html_page.section("Runs", html_page.table(header, rows))
end

local function place(run, group, store)
  local opened, found = pcall(host_run.open, store, run.id)
  if not opened then return "" end
  local last, told, reached = run.records[#run.records] or {}, {}, {}
  for _, fact in ipairs(run_page.facts(found, last, true)) do
    if fact[1] ~= "run" then told[#told + 1] = fact end
  end
  for _, pair in ipairs(run_page.metrics(last)) do
    reached[#reached + 1] = { pair[1], pair[2] and ("%.6g"):format(pair[2]) or "-" }
  end
  local params = {}
  for _, pair in ipairs(run_page.params(found:meta())) do params[#params + 1] = ("%s = %s"):format(pair[1], pair[2]) end
  if #params > 0 then table.insert(told, 2, { "parameters", table.concat(params, ", ") }) end
  return ('<div class="run" id="%s"><h3>%s</h3>\n%s%s</div>\n'):format(escape(anchor(run.id)), escape(run.id),
    html_page.table({ group.name, "" }, told), html_page.table({ "metric", "value" }, reached, true))
end

--- A place for each run.
function html_runs.places(source, store)
  local parts, seen = {}, {} -- cells that say the same share their runs
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      if not seen[run.id] and #parts < kMostRuns then parts[#parts + 1] = place(run, group, store) end
      seen[run.id] = true
    end
  end
  return html_page.section("Each run", table.concat(parts))
end

return html_runs
