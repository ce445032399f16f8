local dataset = require "dataset"
local mistakes = require "join.mistakes"

--- A sample that is trained on and tested on makes every number of the test a lie: it is refused, left out of training,
-- or kept where the benchmark itself has it, and told in the report.
-- @return { { trained on, "tested.on", samples }, ... } of those that stay, and of those that were left out
return function(nodes, parts, duplicates)
  local stay, dropped = {}, {}
  mistakes.each(nodes, function(i)
    local trained = parts[i]
    local train, tested_on, found, most = trained.sets.train, {}, {}, 0
    for _, tested in ipairs(parts) do
      for _, split in ipairs { "val", "test" } do
        local held = tested.sets[split]
        local both = held and train:overlap(held) or 0
        if both > 0 then
          tested_on[#tested_on + 1], most = held, math.max(most, both)
          found[#found + 1] = { trained.name, tested.name .. "." .. split, both }
        end
      end
    end
    if #found > 0 and (duplicates == "refuse" or most > (tonumber(duplicates) or math.huge)) then
      local others = {}
      for k = 2, #found do others[k - 1] = ("%d in %s"):format(found[k][3], found[k][2]) end
      mistakes.at(nodes[i], ("%d training %s of '%s' %s in %s too%s; leave them out of training by duplicates = \"drop\" "
        .. "in the join, keep the sets apart by skip and per_class, or write duplicates = %d where the benchmark itself "
        .. "has them")
        :format(found[1][3], (train:is_text() and "text" or "image") .. (found[1][3] == 1 and "" or "s"), trained.name,
          found[1][3] == 1 and "is" or "are", found[1][2],
          #others > 0 and (", and %s"):format(table.concat(others, ", ")) or "", most))
    end
    for _, leak in ipairs(found) do table.insert(duplicates == "drop" and dropped or stay, leak) end
    if duplicates == "drop" and #tested_on > 0 then
      trained.sets = dataset.replaced(trained.sets, mistakes.of(nodes[i], train.without, train, unpack(tested_on)))
    end
  end)
  return stay, dropped
end
