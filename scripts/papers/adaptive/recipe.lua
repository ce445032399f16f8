-- What the tables of this folder share (Learning with Adaptive Labels, Table 1): the rows, and the experiment of a row.
--
--     local recipe = require "recipe"
--     return ablate "..." { unpack(recipe.rows(paper)), ... }
local recipe = {}

recipe.seeds = { 12, 123, 1234 } -- the paper's

recipe.metrics = { "test.best_top1", "test.auac_top1", "test.epochs_saved_top1" }

-- What learns, in the paper's order.
local order = {
  { "STD", { learn = "onehot" } },
  { "StaticLabel", { learn = "static" } },
  { "LWR, k = 2", { learn = "lwr", k = 2 } },
  { "LWR, k = 3", { learn = "lwr", k = 3 } },
  { "LWR, k = 5", { learn = "lwr", k = 5 } },
  { "LabelEmbed", { learn = "label embedding" } },
  { "LwAL", { learn = "lwal" } },
  { "LwAL10", { learn = "lwal", times = 10 } },
  { "LwAL10+rpl", { learn = "lwal", times = 10, repel = 10 } },
}

--- The rows of a table.
-- @param paper by label { best accuracy, share of epochs saved or nil } of the paper
-- @param only the labels of the rows, where not all of them are asked for
function recipe.rows(paper, only)
  local rows, wanted = {}, {}
  for _, label in ipairs(only or {}) do wanted[label] = true end
  for _, entry in ipairs(order) do
    local row, numbers = { entry[1] }, paper[entry[1]]
    for key, value in pairs(entry[2]) do row[key] = value end
    if numbers then
      row.paper = { ["test.best_top1"] = numbers[1] }
      if numbers[2] then row.paper["test.epochs_saved_top1"] = numbers[2] end
    end
    if not only or wanted[entry[1]] then rows[#rows + 1] = row end
  end
  return unpack(rows)
end

--- Fashion-MNIST as the paper has it with ResNet50; its LWR rows are from Table 5 (Table 1 repeats another row there).
recipe.fashion_mnist = {
  STD = { 0.923 }, StaticLabel = { 0.928, 0.3 },
  ["LWR, k = 2"] = { 0.921 }, ["LWR, k = 3"] = { 0.921 }, ["LWR, k = 5"] = { 0.923 },
  LabelEmbed = { 0.927, 0.4 }, LwAL = { 0.929, 0.5 }, LwAL10 = { 0.923, 0.5 }, ["LwAL10+rpl"] = { 0.927, 0.3 },
}

--- The head that a row learns with.
-- @param p { learn, k, times, repel, form }, @param classes of the data
function recipe.head(p, classes)
  return pick(p.learn, {
    onehot = head.softmax {},
    static = head.static { vectors = "normal", dim = 768 }, -- as long as BERT's
    lwr = head.lwr { form = p.form, update_every = p.k },
    ["label embedding"] = head.label_embedding {},
    lwal = head.lwal { dim = p.times * classes, repel = p.repel },
  })
end

--- The experiment of a row: judged on the test images after each epoch, as the paper's tables are, or on another split.
function recipe.experiment(name, p, data, encoder, classes, split)
  return experiment(name) {
    data = data,
    model = trunk { encoder, head = recipe.head(p, classes) },
    optim = adam { lr = p.lr },
    train = { epochs = p.epochs },
    eval = { on = split or "test", during = { split or "test" }, metrics = { "top1", best "top1", auac "top1", time_to "top1" } },
  }
end

return recipe
