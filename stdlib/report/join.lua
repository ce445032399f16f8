--- What a join joins, as text.
local tabulate = require "tabulate"

local report = {}

local shown = 40 -- lines of labels and of nodes at most, unless all are asked for

local function count_cells(counts)
  local cells = {}
  for i, count in ipairs(counts) do cells[i] = count > 0 and count or "-" end
  return cells
end

local function cut(rows, most)
  if #rows <= most then return rows, "" end
  return { unpack(rows, 1, most) }, ("\n... %d more"):format(#rows - most)
end

local function datasets(r)
  local splits, there = { "train", "val", "test" }, {}
  for _, split in ipairs(splits) do
    for _, row in ipairs(r.datasets) do there[split] = there[split] or row[split] end
  end
  local header, rows = { "dataset", "classes" }, {}
  for _, split in ipairs(splits) do
    if there[split] then header[#header + 1] = split end
  end
  for i, row in ipairs(r.datasets) do
    rows[i] = { row.name, row.classes }
    for _, split in ipairs(splits) do
      if there[split] then table.insert(rows[i], row[split] or "-") end
    end
  end
  return tabulate.text(header, rows)
end

local function labels(r, most)
  local header, rows = { "label" }, {}
  for _, row in ipairs(r.datasets) do header[#header + 1] = row.name end
  header[#header + 1], header[#header + 2], header[#header + 3] = "paths", "det", "nondet"
  for i, label in ipairs(r.labels) do
    local path = r.paths[i]
    rows[i] = { label.name, unpack(count_cells(label.samples)) }
    for _, value in ipairs { path.paths, path.det or "-", path.nondet or "-" } do table.insert(rows[i], value) end
  end
  local some, more = cut(rows, most)
  return tabulate.text(header, some) .. more
end

local function nodes(r, most)
  local header, rows = { "node", "kind" }, {}
  for _, row in ipairs(r.datasets) do header[#header + 1] = row.name end
  for i, node in ipairs(r.nodes) do
    rows[i] = { node.name, node.label and "label" or "added", unpack(count_cells(node.samples)) }
  end
  local some, more = cut(rows, most)
  return tabulate.text(header, some, "ll" .. ("r"):rep(#r.datasets)) .. more
end

--- @param r what Join:report gave
-- @param full true: every label and node, else the first 40
function report.text(r, full)
  local most = full and math.huge or shown
  local parts = { datasets(r) }
  local shared = #r.datasets == 1 and "one dataset alone" or #r.shared == 0 and "no label is in several datasets"
    or ("%d label%s in several datasets: %s"):format(#r.shared, #r.shared == 1 and " is" or "s are",
      table.concat({ unpack(r.shared, 1, 12) }, ", ") .. (#r.shared > 12 and ", ..." or ""))
  parts[#parts + 1] = shared
  for _, overlap in ipairs(r.overlaps) do
    parts[#parts] = parts[#parts] .. ("\n%d training samples are in %s and in %s"):format(overlap[3], overlap[1],
      overlap[2])
  end
  for _, leak in ipairs(r.leaks) do
    parts[#parts] = parts[#parts] .. ("\n%d training samples of %s are tested on in %s"):format(leak[3], leak[1],
      leak[2])
  end
  parts[#parts + 1] = "training samples by label, and the paths to it\n" .. labels(r, most)
  parts[#parts + 1] = "training samples on whose paths a node lies\n" .. nodes(r, most)
  return table.concat(parts, "\n\n")
end

function report.write(made, run) run:write("artifacts/join.txt", report.text(made.data:report(), true) .. "\n") end

return report
