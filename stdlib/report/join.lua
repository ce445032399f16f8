--- What a join joins: artifacts/join.txt, and as numbers join.json.
local canonical = require "language.canonical"
local tabulate = require "tabulate"

local report = { once = true }

local shown = 40 -- lines of labels and of nodes at most, unless all are asked for
local columns = 80 -- of a terminal; what is written to a file is as wide as it is

local function number(count) return type(count) == "number" and ("%.0f"):format(count) or count end

local function count_cells(counts)
  local cells = {}
  for i, count in ipairs(counts) do cells[i] = count > 0 and number(count) or "-" end
  return cells
end

-- A text of `most` characters at most, with "…" for what is missing in its middle: names often differ in their ends.
local function shortened(text, most)
  local width = tabulate.width(text)
  if width <= most then return text end
  local characters = {}
  for character in text:gmatch "[%z\1-\127\194-\255][\128-\191]*" do characters[#characters + 1] = character end
  local front = math.floor(most / 2)
  local back = #characters - (most - front - 2)
  return table.concat(characters, "", 1, front) .. "…" .. table.concat(characters, "", back)
end

-- A table whose columns from the `first`-th on are the datasets'. Where it is wider than a terminal the datasets are
-- called by their number, and then names in the first column are cut.
local function fitted(r, full, first, header, rows, align)
  local text = tabulate.text(header, rows, align)
  local function width() return tabulate.width(text:match "^[^\n]*\n([^\n]*)") end
  if full or width() <= columns then return text end
  local short = { unpack(header) }
  for i = 1, #r.datasets do short[first + i - 1] = "#" .. i end
  text = tabulate.text(short, rows, align)
  local over = width() - columns
  if over <= 0 then return text end
  local longest, cut = 0, {}
  for _, row in ipairs(rows) do longest = math.max(longest, tabulate.width(row[1])) end
  for i, row in ipairs(rows) do cut[i] = { shortened(row[1], math.max(16, longest - over)), unpack(row, 2) } end
  return tabulate.text(short, cut, align)
end

local function cut(rows, most)
  if #rows <= most then return rows, "" end
  return { unpack(rows, 1, most) }, ("\n... %d more; report = { \"join\" } of eval writes them all"):format(#rows - most)
end

-- Does any dataset have something else than `plain` here?
local function any(r, key, plain)
  for _, row in ipairs(r.datasets) do
    if row[key] ~= (type(plain) == "string" and row[plain] or plain) then return true end
  end
  return false
end

local function datasets(r, full)
  local header, keys = { "", "dataset", "classes" }, { "classes" }
  local function column(key, title)
    header[#header + 1], keys[#keys + 1] = title or key, key
  end
  for _, split in ipairs { "train", "val", "test" } do
    for _, row in ipairs(r.datasets) do
      if row[split] then
        column(split)
        break
      end
    end
  end
  if any(r, "draw", 1) then column "draw" end
  if any(r, "epoch", "train") then column("epoch", "an epoch") end
  if any(r, "weight", 1) then column "weight" end
  local rows = {}
  for i, row in ipairs(r.datasets) do
    rows[i] = { "#" .. i, row.name }
    for _, key in ipairs(keys) do table.insert(rows[i], row[key] or "-") end
  end
  local function text() return tabulate.text(header, rows, "ll" .. ("r"):rep(#keys)) end
  local over = tabulate.width(text():match "^[^\n]*\n([^\n]*)") - columns
  if full or over <= 0 then return text() end
  local longest = 0
  for _, row in ipairs(r.datasets) do longest = math.max(longest, tabulate.width(row.name)) end
  for _, row in ipairs(rows) do row[2] = shortened(row[2], math.max(16, longest - over)) end
  return text()
end

local function labels(r, most)
  local header, rows = { "label" }, {}
  for _, row in ipairs(r.datasets) do header[#header + 1] = row.name end
  header[#header + 1], header[#header + 2], header[#header + 3] = "paths", "det", "nondet"
  for i, label in ipairs(r.labels) do
    local path = r.paths[i]
    rows[i] = { label.name, unpack(count_cells(label.samples)) }
    for _, value in ipairs { path.paths, path.det or "-", path.nondet or "-" } do
      table.insert(rows[i], number(value))
    end
  end
  local some, more = cut(rows, most)
  return fitted(r, most == math.huge, 2, header, some) .. more
end

local function nodes(r, most)
  local header, rows = { "node", "kind" }, {}
  for _, row in ipairs(r.datasets) do header[#header + 1] = row.name end
  for i, node in ipairs(r.nodes) do
    rows[i] = { node.name, node.label and "label" or "added", unpack(count_cells(node.samples)) }
  end
  local some, more = cut(rows, most)
  return fitted(r, most == math.huge, 3, header, some, "ll" .. ("r"):rep(#r.datasets)) .. more
end

-- "12 labels and 6 added nodes, 25 paths: 20 deterministic, 5 nondeterministic"
local function extent(r)
  local added, paths, det, nondet = 0, 0, 0, 0
  for _, node in ipairs(r.nodes) do added = added + (node.label and 0 or 1) end
  for _, path in ipairs(r.paths) do
    paths = paths + path.paths
    if det and path.det then det, nondet = det + path.det, nondet + path.nondet else det = nil end
  end
  local text = ("%d label%s and %d added node%s, %s path%s"):format(#r.labels, #r.labels == 1 and "" or "s", added,
    added == 1 and "" or "s", number(paths), paths == 1 and "" or "s")
  return det and text .. (": %d deterministic, %d nondeterministic"):format(det, nondet) or text
end

-- Samples of training that are tested on: a line for each dataset that has some.
local function tested(list, format)
  local lines, of = {}, {}
  for _, leak in ipairs(list) do
    if not of[leak[1]] then
      of[leak[1]] = {}
      lines[#lines + 1] = leak[1]
    end
    table.insert(of[leak[1]], ("%d in %s"):format(leak[3], leak[2]))
  end
  for i, name in ipairs(lines) do lines[i] = format:format(name, table.concat(of[name], ", ")) end
  return lines
end

local function overlaps(r)
  local lines = { #r.datasets == 1 and "one dataset alone" or #r.shared == 0 and "no label is in several datasets"
    or ("%d label%s in several datasets: %s"):format(#r.shared, #r.shared == 1 and " is" or "s are",
      table.concat({ unpack(r.shared, 1, 12) }, ", ") .. (#r.shared > 12 and ", ..." or "")) }
  for _, overlap in ipairs(r.overlaps) do
    lines[#lines + 1] = ("%d training sample%s in %s and in %s"):format(overlap[3],
      overlap[3] == 1 and " is" or "s are", overlap[1], overlap[2])
  end
  for _, told in ipairs { tested(r.leaks, "training samples of %s that are tested on: %s"),
                          tested(r.dropped, "left out of training of %s, as they are tested on: %s") } do
    for _, line in ipairs(told) do lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

--- @param r what Join:report gave
-- @param full true: every label and node, however wide; else the first 40 within 80 columns
function report.text(r, full)
  local most = full and math.huge or shown
  return table.concat({
    datasets(r, full), overlaps(r), extent(r),
    "training samples by label, and the paths to it\n" .. labels(r, most),
    "training samples on whose paths a node lies\n" .. nodes(r, most),
  }, "\n\n")
end

--- The same as JSON, on one line where no `indent` is given.
function report.json(r, indent) return canonical.text(setmetatable(r, nil), { indent = indent }) end

function report.write(made, run)
  local found = made.data:report()
  run:write("artifacts/join.txt", report.text(found, true) .. "\n")
  run:write("artifacts/join.json", report.json(found, 2) .. "\n")
end

return report
