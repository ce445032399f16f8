--- The decisions on the way to a class: after every node what stood to choose in each block, and how likely each was.
local tabulate = require "tabulate"

local report = {}

local most = 5 -- choices of a block that are shown

-- The choices of a step by block, in the order in which the blocks come; single nodes are a block of their own.
local function by_block(choices)
  local blocks, place = {}, {}
  for _, choice in ipairs(choices) do
    local key = choice.block or "\n" .. choice.node
    if not place[key] then
      blocks[#blocks + 1] = { name = choice.block or "-" }
      place[key] = blocks[#blocks]
    end
    table.insert(place[key], choice)
  end
  return blocks
end

local function listed(block)
  local sorted, parts, rest = { unpack(block) }, {}, 0
  table.sort(sorted, function(a, b) return a.p > b.p or a.p == b.p and a.node < b.node end)
  for i, choice in ipairs(sorted) do
    if i <= most or choice.taken then
      local name = choice.node == "<eop>" and "(stop)" or choice.node
      parts[#parts + 1] = ("%s%s %.3f"):format(choice.taken and "*" or "", name, choice.p)
    else
      rest = rest + choice.p
    end
  end
  if #sorted > #parts then parts[#parts + 1] = ("%d others %.3f"):format(#sorted - #parts, rest) end
  return parts
end

-- Parts in as many lines as `width` columns need.
local function wrapped(parts, width)
  local lines = {}
  for _, part in ipairs(parts) do
    local last = lines[#lines]
    if last and tabulate.width(last) + 2 + tabulate.width(part) <= width then
      lines[#lines] = last .. "  " .. part
    else
      lines[#lines + 1] = part
    end
  end
  return lines
end

--- The decisions of one sample as text; what was taken is marked by a star. Probabilities of a block sum to 1.
-- @param steps list of { node, choices = list of { node, block, p, taken } }
function report.text(steps)
  local entries, nodes, names = {}, 5, 5 -- columns of "after" and "block"
  for i, step in ipairs(steps) do
    for k, block in ipairs(by_block(step.choices)) do
      entries[#entries + 1] = { k == 1 and i or "", k == 1 and step.node or "", block }
      nodes, names = math.max(nodes, tabulate.width(step.node)), math.max(names, tabulate.width(block.name))
    end
  end
  local rows = {}
  for _, entry in ipairs(entries) do
    for k, line in ipairs(wrapped(listed(entry[3]), math.max(30, 80 - 4 - nodes - names - 9))) do
      rows[#rows + 1] = k == 1 and { entry[1], entry[2], entry[3].name, line } or { "", "", "", line }
    end
  end
  return tabulate.text({ "step", "after", "block", "choices" }, rows, "rlll")
end

local Decisions = {}
Decisions.__index = Decisions
function Decisions:__tostring()
  local parts = {}
  for i, steps in ipairs(self) do
    parts[i] = (#self > 1 and ("sample %d\n"):format(i - 1) or "") .. report.text(steps)
  end
  return table.concat(parts, "\n\n")
end

--- Decisions of several samples, which print as tables.
function report.printable(list) return setmetatable(list, Decisions) end

--- artifacts/decisions.txt: of as many samples as eval.examples says, the first of each class in turn.
function report.write(made, run)
  local examples = require "report.paths".examples(made)
  local wanted, names, parts = {}, made.data.class_names, {}
  for i, sample in ipairs(examples) do wanted[sample.index] = i end
  made.model:eval()
  torch.no_grad(function()
    for batch in made.loaders[made.final[1]]:each(0) do
      scope(function()
        local rows, places = {}, {}
        for row, index in ipairs(batch.idx:totable()) do
          if wanted[index] then rows[#rows + 1], places[#places + 1] = row - 1, wanted[index] end
        end
        if #rows == 0 then return end
        local chosen = {}
        for _, key in ipairs { "x", "mask" } do
          if batch[key] then
            chosen[key] = batch[key]:index_select(0, torch.tensor(rows, { dtype = "int64", device = batch.x.device }))
          end
        end
        for i, steps in ipairs(made.model:decisions(chosen)) do
          local sample = examples[places[i]]
          parts[places[i]] = ("sample %d, %s: %s, %s\n%s\n"):format(sample.index, names[sample.y + 1],
            table.concat(sample.path, " > "), sample.right and "right" or "wrong", report.text(steps))
        end
      end)
    end
  end)
  made.model:train()
  local greedy = made.o.eval.decode == "greedy"
  local note = greedy and "" or ("Decisions are those of greedy decoding; the paths beside the labels were found by "
    .. "decode = \"%s\".\n\n"):format(made.o.eval.decode)
  run:write("artifacts/decisions.txt", note .. table.concat(parts, "\n"))
end

return report
