-- The keys of a constructor's table, for completion at the prompt.
local t = require "test"
local keys = require "key_completion"

local function has(text, ...)
  local list, there = keys(text), {}
  t.ok(list, text)
  for _, name in ipairs(list) do there[name] = true end
  for _, name in ipairs { ... } do
    local wanted = name:sub(1, 1) ~= "-"
    t.eq(there[name:gsub("^%-", "")] or false, wanted, text .. ": " .. name)
  end
end

t.test("keys of a constructor, without those that are given", function()
  has("adamw { ", "lr", "weight_decay")
  has("x = adamw { lr = 1, ", "-lr", "weight_decay")
  has("head.softmax { ", "l2")
  has("f(loss.ce { ", "label_smoothing")
  has("trunk { vision.cnn {}, ", "head", "heads", "-width")
  has("trunk { vision.cnn { ", "width", "-head")
  has("adamw { betas = { 0.9, 0.99 }, schedule = cosine { warmup = 3 }; ", "lr", "-betas", "-schedule", "-warmup")
end)

t.test("tables within tables, and names before them", function()
  has('experiment "x" { ', "data", "train", "eval")
  has('experiment "x" { train = { epochs = 3, ', "clip", "-epochs", "-data")
  has('experiment "x" { train = { early_stop = { ', "metric", "patience")
end)

t.test("nothing elsewhere", function()
  for _, text in ipairs { "adamw { lr = ", "adamw {} ", "{ ", "f { ", "local x = { a = { ", "adamw { lr = f(",
    "head.nosuch { ", "" } do
    t.eq(keys(text), nil, text)
  end
end)
