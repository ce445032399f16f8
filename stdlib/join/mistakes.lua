--- Mistakes that only reading the datasets of a join finds: they stand where the dataset is written, not where the join
-- is, and those of all datasets are told together.
local dataset = require "dataset"

local mistakes = {}

local Located = { __tostring = function(failure)
  local place = failure.position or {}
  return ("%s:%s:%s: %s"):format(place.file or "?", place.line or 0, place.column or 0, failure.message)
end }

--- Raises a mistake of a node.
function mistakes.at(node, message)
  error(setmetatable({ position = node.position, message = message }, Located), 0)
end

--- Calls a function for a node and gives what it gives: what goes wrong in it is a mistake of the node.
function mistakes.of(node, call, ...)
  local results = { pcall(dataset.host, call, ...) }
  if results[1] then return unpack(results, 2, table.maxn(results)) end
  local failure = results[2]
  if type(failure) ~= "string" then error(failure, 0) end
  mistakes.at(node, (failure:gsub("\ncalled from\n.*$", "")))
end

--- Calls all functions, whatever is wrong in one of them, and then raises what was wrong in any: one error whose
-- `mistakes` are { { position, message }, ... }. Another error than a mistake is raised at once.
function mistakes.together(calls)
  local found, lines = {}, {}
  for _, call in ipairs(calls) do
    local done, failure = pcall(call)
    if not done then
      if type(failure) ~= "table" or not failure.message then error(failure, 0) end
      for _, mistake in ipairs(failure.mistakes or { failure }) do
        for line in mistake.message:gmatch "[^\n]+" do
          found[#found + 1], lines[#lines + 1] = { position = mistake.position, message = line }, line
        end
      end
    end
  end
  if #found == 0 then return end
  local message = table.concat(lines, "\n")
  error(setmetatable({ position = found[1].position, message = message, mistakes = found }, Located), 0)
end

--- The same for each of some nodes: call(i, node).
function mistakes.each(nodes, call)
  local calls = {}
  for i, node in ipairs(nodes) do calls[i] = function() call(i, node) end end
  mistakes.together(calls)
end

return mistakes
