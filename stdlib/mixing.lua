--- Steps of an augmentation that mix the samples of a batch (mixup, cutmix), told from those that change one picture.
local mixing = {}

local kinds = { mixup = true, cutmix = true }

local function mixes(step) return type(step) == "table" and kinds[step.kind] or false end

--- The steps that change one picture.
function mixing.others(steps)
  local list = {}
  for _, step in ipairs(steps or {}) do
    if not mixes(step) then list[#list + 1] = step end
  end
  return list
end

-- What is mixed in a source's batches, as a text that is the same where they are.
local function signature(list)
  local parts = {}
  for i, step in ipairs(list) do parts[i] = ("%s alpha = %.17g, p = %.17g"):format(step.kind, step.alpha, step.p) end
  return table.concat(parts, "; ")
end

--- How the batches of sources { augment = steps } are mixed: a list for a loader, or nil.
-- Errors: sources that tell different things, for a batch holds samples of all of them.
function mixing.of(sources)
  local first
  for _, source in ipairs(sources) do
    local list = {}
    for _, step in ipairs(source.augment or {}) do
      if mixes(step) then list[#list + 1] = step end
    end
    first = first or list
    if signature(list) ~= signature(first) then
      error("a batch holds samples of all datasets of the join: mixup and cutmix must be the same for each of them; "
        .. "write them into augment of the join, and into each augment of a dataset's own", 0)
    end
  end
  return first and #first > 0 and first or nil
end

--- Refuses mixing for a model that learns from hard labels alone: a path_decoder, and a head that does not say
-- `soft_targets = true` (its losses take target.t).
function mixing.check(data, model)
  local list = mixing.of(data.parts or data.sources or { data })
  if not list then return end
  local name = list[1].kind
  if not model.heads then
    error(("%s gives every sample the labels of two: a path_decoder learns from one label; take a trunk")
      :format(name), 0)
  end
  for _, entry in ipairs(model.heads) do
    if not entry.head.soft_targets then
      error(("%s gives every sample the labels of two, and the head%s learns from one; soft labels fit head.softmax {}")
        :format(name, entry.name and (" '%s'"):format(entry.name) or ""), 0)
    end
  end
end

return mixing
