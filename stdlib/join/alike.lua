local dataset = require "dataset"
local mistakes = require "join.mistakes"

local function shape_text(shape) return "[" .. table.concat(shape, ", ") .. "]" end

--- A model takes images of one shape, or texts: of all datasets, in training and in evaluation.
return function(nodes, parts)
  local first
  mistakes.each(nodes, function(i)
    local part, set = parts[i], parts[i].sets.train
    local source = dataset.source(part, set)
    local changed = source.transform or #(source.augment or {}) > 0
    local kind = set:is_text() and "texts" or "images"
    local function shape(random) return mistakes.of(nodes[i], dataset.shape, source, random) end
    local shapes = { shape(true), changed and shape(false) or nil }
    first = first or { name = part.name, kind = kind, shapes = shapes }
    if kind ~= first.kind then
      mistakes.at(nodes[i], ("'%s' holds %s, and '%s' %s: a join is of images or of texts")
        :format(part.name, kind, first.name, first.kind))
    end
    for k = 1, 2 do
      local shape, other = shape_text(shapes[k] or shapes[1]), shape_text(first.shapes[k] or first.shapes[1])
      if shape ~= other then
        mistakes.at(nodes[i], ("%simages of '%s' are %s%s, those of '%s' %s: a join needs one shape; a transform can give it, "
          .. "as can `side` of pictures in folders"):format(k == 1 and changed and "training " or "", part.name, shape,
          changed and " once they are transformed" or "", first.name, other))
      end
    end
  end)
end
