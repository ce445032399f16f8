--- A label graph written down beside the weights of its decoder, and what another graph has otherwise. The rows of a
-- decoder's weights are nodes: loaded into the decoder of another graph they would mean other nodes.
local imprint = {}

-- "node TAB block TAB parents", a line each, the root's name first.
local function text_of(graph)
  local parents, lines = {}, { graph:root() }
  for _, edge in ipairs(graph:edges()) do
    parents[edge[2]] = parents[edge[2]] or {}
    table.insert(parents[edge[2]], edge[1])
  end
  for _, name in ipairs(graph:names()) do
    local from = parents[name] or {}
    table.sort(from)
    lines[#lines + 1] = ("%s\t%s\t%s"):format(name, graph:block(name) or "", table.concat(from, "\t"))
  end
  return table.concat(lines, "\n")
end

--- A graph as a tensor, uint8 [bytes]: what a state dict can hold.
function imprint.of(graph)
  local text, parts = text_of(graph), {}
  for i = 1, #text, 4096 do
    parts[#parts + 1] = torch.tensor({ text:byte(i, math.min(i + 4095, #text)) }, { dtype = "uint8" })
  end
  return torch.cat(parts)
end

local function read(tensor)
  local parts = {}
  for i = 0, tensor:size(0) - 1, 4096 do
    parts[#parts + 1] = string.char(unpack(tensor[{ { i, math.min(i + 4096, tensor:size(0)) } }]:totable()))
  end
  local found = { nodes = {}, order = {} }
  for line in (table.concat(parts) .. "\n"):gmatch "(.-)\n" do
    if not found.root then
      found.root = line
    else
      local name, block, parents = line:match "^([^\t]*)\t([^\t]*)\t(.*)$"
      if name then
        found.nodes[name] = { block = block, parents = parents }
        found.order[#found.order + 1] = name
      end
    end
  end
  return found
end

-- "3 nodes (a, b, c)", at most five of them named.
local function some(names, what)
  local shown = { unpack(names, 1, 5) }
  if #names > 5 then shown[6] = "..." end
  return ("%d %s%s (%s)"):format(#names, what, #names == 1 and "" or "s", table.concat(shown, ", "))
end

local function lacking(of, other)
  local names = {}
  for _, name in ipairs(of.order) do
    if not other.nodes[name] then names[#names + 1] = name end
  end
  return names
end

-- In which nodes that both have do they differ in a field?
local function differing(ours, theirs, field)
  local names = {}
  for _, name in ipairs(ours.order) do
    local there = theirs.nodes[name]
    if there and there[field] ~= ours.nodes[name][field] then names[#names + 1] = name end
  end
  return names
end

--- What the graph of some weights has otherwise than a decoder's own, or nil where both are the same.
-- @param own, given what imprint.of gave
function imprint.difference(own, given)
  if own.shape[1] == given.shape[1] and torch.equal(own:cpu(), given:cpu()) then return nil end
  local ours, theirs = read(own:cpu()), read(given:cpu())
  local found = {}
  if ours.root ~= theirs.root then
    found[#found + 1] = ("its root is '%s', not '%s'"):format(theirs.root, ours.root)
  end
  local missing, added = lacking(ours, theirs), lacking(theirs, ours)
  if #missing > 0 then found[#found + 1] = "it lacks " .. some(missing, "node") end
  if #added > 0 then found[#found + 1] = "it has " .. some(added, "node") .. " that this graph lacks" end
  local blocks, parents = differing(ours, theirs, "block"), differing(ours, theirs, "parents")
  if #blocks > 0 then found[#found + 1] = "other blocks hold " .. some(blocks, "node") end
  if #parents > 0 then found[#found + 1] = "other edges lead to " .. some(parents, "node") end
  if #found == 0 then found[1] = "its nodes stand in another order" end
  return table.concat(found, "; ")
end

return imprint
