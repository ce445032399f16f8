--- What a path decoder does with every sample of a split: its path, its kind, what it predicts.

--- @param made what trial.assemble gave, with a path decoder as model
-- @param split the split, default: the first that is evaluated
-- @return list of { index = in its dataset, y = the label's token, predicted = token or -1, path = names, kind =
-- "det" | "nondet" | "none" (no path of a label), right } in the order of the samples
return function(made, split)
  split = split or made.final[1]
  made.traversals = made.traversals or {}
  if made.traversals[split] then return made.traversals[split] end
  local found, model = {}, made.model
  if model.evaluate_on then model:evaluate_on(split) end
  model:eval()
  torch.no_grad(function()
    for batch in made.loaders[split]:each(0) do
      scope(function()
        local prediction = model:predict(batch)
        local first = batch.y.ndim == 2 and batch.y:select(1, 0) or batch.y
        local hit = require "label_rows".hit(prediction.y, batch.y):totable()
        local y, idx, guess = first:totable(), batch.idx:totable(), prediction.y:totable()
        for i, path in ipairs(model:paths(prediction)) do
          found[#found + 1] = { index = idx[i], y = y[i], predicted = guess[i], path = path.path,
                                kind = path.kind or "none",
                                right = hit[i] }
        end
      end)
    end
  end)
  model:train()
  made.traversals[split] = found
  return found
end
