--- Node reports: the samples whose decoded path holds an augmented node, by the kind of the path (Section 4.4 of the
-- label-space paper). What does the decoder mean by a node that no label says?
local host_run = require "host.run"
local marks = require "report.marks"
local nearest = require "language.nearest"
local tabulate = require "tabulate"
local traversals = require "report.traversals"

local report = {}

--- @param samples list of { index, path = names, kind, right }
-- @param marked index -> true or false: does a person see the node in the sample? nil where nobody looked
-- @return { node, traversals = the samples that pass the node, det, nondet, right = shares or counts, marked = how many
-- nondeterministic ones have a mark, agreement = share of them whose mark is true, or nil }
function report.of_node(node, samples, marked)
  local found = { node = node, traversals = {}, det = 0, nondet = 0, right = 0, marked = 0 }
  local agreed = 0
  for _, sample in ipairs(samples) do
    local passes = false
    for _, name in ipairs(sample.path) do passes = passes or name == node end
    if passes then
      table.insert(found.traversals, sample)
      if found[sample.kind] then found[sample.kind] = found[sample.kind] + 1 end
      if sample.right then found.right = found.right + 1 end
      local mark = marked and marked[sample.index]
      if sample.kind == "nondet" and mark ~= nil then
        found.marked = found.marked + 1
        if mark then agreed = agreed + 1 end
      end
    end
  end
  if found.marked > 0 then found.agreement = agreed / found.marked end
  return found
end

-- The nodes that no dataset binds.
local function augmented(graph)
  local names = {}
  for _, name in ipairs(graph:names()) do
    if not graph:is_label(name) then names[#names + 1] = name end
  end
  return names
end

--- Reports of several nodes.
-- @param options { nodes = names (default: all augmented nodes), marks = { node = file }, samples = list (default:
-- decoded) }
function report.all(made, options)
  local graph, list = made.data.graph, {}
  local names = options.nodes and #options.nodes > 0 and options.nodes or augmented(graph)
  local samples = traversals(made)
  for i, node in ipairs(names) do
    local file = options.marks and options.marks[node]
    list[i] = report.of_node(node, samples, file and marks(file))
  end
  return list
end

--- Wrong nodes and marks are found before anything is trained.
function report.check(made, options)
  local names, known = made.data.graph:names(), {}
  for _, name in ipairs(names) do known[name] = true end
  local function check(node, what)
    if not known[node] then
      error(("node_report: %s '%s', which is no node%s"):format(what, node, nearest.did_you_mean(node, names)), 0)
    end
  end
  for _, node in ipairs(options.nodes) do check(node, "asks for") end
  for node, file in pairs(options.marks) do
    check(node, "marks for")
    marks(file)
  end
end

--- A table of node reports, a line each.
function report.text(list)
  local rows, with_marks = {}, false
  for _, found in ipairs(list) do with_marks = with_marks or found.marked > 0 end
  for i, found in ipairs(list) do
    local n = #found.traversals
    rows[i] = { found.node, n, found.det, found.nondet, n > 0 and ("%.3f"):format(found.right / n) or "-",
                found.agreement and ("%.3f (of %d)"):format(found.agreement, found.marked)
                or with_marks and "-" or nil }
  end
  local header = { "node", "samples", "det", "nondet", "right" }
  if with_marks then header[6] = "agreement" end
  return tabulate.text(header, rows)
end

local Printed = { __tostring = function(found) return report.text { found } end }

--- One node's report, which prints as a table.
-- @param file human marks, or nil
function report.printable(made, node, file)
  local options = { nodes = { node }, marks = { [node] = file } }
  report.check(made, options)
  return setmetatable(report.all(made, options)[1], Printed)
end

-- `count` of a list's items, spread evenly over it.
local function spread(list, count)
  local some = {}
  for i = 1, count do some[i] = list[math.floor((i - 0.5) * #list / count) + 1] end
  return some
end

-- Some of a node's samples: of both kinds as many as there are and fit.
local function chosen(found, most)
  local by_kind = { det = {}, nondet = {} }
  for _, sample in ipairs(found.traversals) do
    if by_kind[sample.kind] then table.insert(by_kind[sample.kind], sample) end
  end
  local det = math.min(#by_kind.det, math.max(math.floor(most / 2), most - #by_kind.nondet))
  local list = spread(by_kind.det, det)
  for _, sample in ipairs(spread(by_kind.nondet, math.min(#by_kind.nondet, most - det))) do list[#list + 1] = sample end
  return list
end

local long = { det = "deterministic", nondet = "nondeterministic" }

local function caption(made, sample, between)
  local names = made.data.class_names
  local label = names[sample.y + 1]
  return sample.right and label or ("%s%ssaid %s"):format(label, between or ", ", names[sample.predicted + 1] or "none")
end

-- The dataset that the reported split is of.
local function held(made)
  local split = made.final[1]
  local part = made.data.evaluated and made.data:evaluated(split) or made.data
  return part.sets[split:match "[^.]*$"]
end

local function is_text(set) return set.is_text and set:is_text() end

--- The images of a node as a page of SVG: blue frames for deterministic paths, green ones for nondeterministic.
function report.sheet(made, found, most)
  local tiles, indices = {}, {}
  for i, sample in ipairs(chosen(found, most)) do
    tiles[i], indices[i] = { caption = caption(made, sample, "\n"), group = long[sample.kind] }, sample.index
  end
  local agreement = found.agreement and ("; of %d marked by a person %.1f %% agree"):format(found.marked,
    100 * found.agreement)
  return host_run.contact_sheet({
    title = ("'%s' in %s"):format(found.node, made.final[1]),
    subtitle = ("%d samples pass the node: %d on deterministic paths, %d on nondeterministic ones%s"):format(
      #found.traversals, found.det, found.nondet, agreement or ""),
    groups = { { name = "deterministic", colour = "#1f4fd8" }, { name = "nondeterministic", colour = "#1f9e3a" } },
    tiles = tiles,
  }, held(made):images(indices))
end

--- The texts of a node, a line each: kind, what was said, the text.
function report.list(made, found, most)
  local rows, set = {}, held(made)
  for i, sample in ipairs(chosen(found, most)) do
    local text = set:text(sample.index):gsub("%s+", " ")
    rows[i] = { sample.index, sample.kind, caption(made, sample), #text > 120 and text:sub(1, 117) .. "..." or text }
  end
  return tabulate.text({ "sample", "kind", "label", "text" }, rows, "rlll") .. "\n"
end

--- artifacts/nodes.txt, and for every node that some path holds artifacts/nodes/NAME.svg (texts: NAME.txt) and its
-- samples as artifacts/nodes/NAME.csv.
function report.write(made, run, options)
  local list = report.all(made, options)
  run:write("artifacts/nodes.txt", report.text(list) .. "\n")
  for _, found in ipairs(list) do
    if #found.traversals > 0 then
      local place = "artifacts/nodes/" .. found.node:gsub("[^%w_.-]", "_")
      local lines = { "index,label,predicted,kind,path" }
      for _, sample in ipairs(found.traversals) do
        local names = made.data.class_names
        lines[#lines + 1] = ("%d,%s,%s,%s,%s"):format(sample.index, names[sample.y + 1],
          names[sample.predicted + 1] or "",
          sample.kind, table.concat(sample.path, " > "))
      end
      run:write(place .. ".csv", table.concat(lines, "\n") .. "\n")
      if is_text(held(made)) then
        run:write(place .. ".txt", report.list(made, found, options.samples))
      elseif found.det + found.nondet > 0 then
        run:write(place .. ".svg", report.sheet(made, found, options.samples))
      end
    end
  end
end

return report
