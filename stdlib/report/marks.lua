--- What a person saw in samples: a file of lines "index,mark", where a mark is 1 or 0, true or false, yes or no. A
-- first line of words, empty lines and lines that start with # do not count.
local catalogue = require "catalogue"

local words = { ["1"] = true, ["true"] = true, yes = true, ["0"] = false, ["false"] = false, no = false }

--- @return index -> true or false. Errors name file and line: an index that is none, a mark that is none, one given
-- twice.
return function(path)
  local name = catalogue.path(path)
  local file, reason = io.open(name)
  if not file then error(("marks: %s"):format(reason), 0) end
  local marks, number = {}, 0
  for line in file:lines() do
    number = number + 1
    line = line:gsub("\r$", "")
    local index, mark = line:match "^%s*([^,;\t]-)%s*[,;\t]%s*([^,;\t]-)%s*$"
    local is_header = number == 1 and index and not tonumber(index)
    if not line:match "^%s*$" and not line:match "^%s*#" and not is_header then
      local value = mark and words[mark:lower()]
      local at = index and tonumber(index)
      if not at or at < 0 or at ~= math.floor(at) or value == nil then
        file:close()
        error(("%s:%d: expected index,mark such as 17,1, got '%s'"):format(name, number, line), 0)
      end
      if marks[at] ~= nil then
        file:close()
        error(("%s:%d: sample %d is marked twice"):format(name, number, at), 0)
      end
      marks[at] = value
    end
  end
  file:close()
  return marks
end
