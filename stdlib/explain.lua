--- explain(key): what a constructor, an option by its path, a metric key or the text of a message is, as text.
--
--     explain "adamw.lr"            an option of a constructor
--     explain "optim.lr"            of whatever may stand there, as overrides write it: data.datasets[1].val,
--     loss.nll.pool
--     explain "val.onehot.top1"     a key of metrics
--     explain "unknown key 'lrr' in adamw{}"   a message: what it means and what to write
--
-- Returns nil and a message where nothing is known.
local error_texts = require "error_texts"
local help = require "help"
local nearest = require "language.nearest"
local node = require "language.node"
local option_path = require "option_path"
local schema = require "schema"

local splits = { train = "the training data", val = "the validation data", test = "the test data" }

-- What is measured beside the constructors of metric/.
local readings = {
  loss = "the mean loss of the training batches of an epoch", epoch = "epochs done", step = "updates done",
  seconds = "seconds of training so far", lr = "the learning rate of the last step",
  threshold = "the probability from which on a class is in a predicted set, as it was tuned",
}

local function metric_key(key)
  local parts = {}
  for part in key:gmatch "[^.]+" do parts[#parts + 1] = part end
  local last = parts[#parts]
  local constructor = schema.find("metric." .. last)
  if not constructor and not readings[last] then return nil end
  local split
  for i = 1, #parts - 1 do split = split or splits[parts[i]] and i end
  if not split and #parts > 2 then return nil end
  local lines = { ("%s is a key of metrics: [dataset.]split.[head.]metric"):format(key) }
  local function say(word, what) lines[#lines + 1] = ("  %-10s %s"):format(word, what) end
  if split and split > 1 then say(table.concat(parts, ".", 1, split - 1), "the dataset of that name in a join") end
  if split then say(parts[split], splits[parts[split]]) end
  local head = table.concat(parts, ".", (split or 0) + 1, #parts - 1)
  if head ~= "" then say(head, "the head of that name: heads = { " .. head .. " = ... }") end
  say(last, constructor and help.summary("metric." .. last) or readings[last])
  if not split then lines[#lines + 1] = ("  Measured keys have a split in front of it: test.%s, val.%s"):format(key,
    key) end
  if constructor then lines[#lines + 1] = "\n" .. help.text(constructor) end
  return table.concat(lines, "\n")
end

-- "default 0.001 in adam, adamw; 0.01 in sgd": the defaults of one option in several constructors.
local function defaults(group)
  local by_text, order = {}, {}
  for _, place in ipairs(group) do
    local text = help.default_text(place.field.default) or "has defaults"
    if not by_text[text] then
      by_text[text] = {}
      order[#order + 1] = text
    end
    table.insert(by_text[text], place.of)
  end
  if #order == 1 then return order[1] .. (#group > 1 and " in " .. table.concat(by_text[order[1]], ", ") or "") end
  for i, text in ipairs(order) do order[i] = text .. " in " .. table.concat(by_text[text], ", ") end
  return table.concat(order, "; ")
end

local function path(key)
  local places, word, words = option_path(key)
  if not places then return nil, word, words end
  local lines, groups, order = { key .. " of the experiment" }, {}, {}
  for _, place in ipairs(places) do
    if place.constructor then
      lines[#lines + 1] = "  the term of the loss made by it:\n\n" .. help.text(place.constructor)
    elseif place.field then
      local id = place.field.name .. "\n" .. place.field.doc .. "\n" .. place.field.type.text
      if not groups[id] then
        groups[id] = {}
        order[#order + 1] = id
      end
      table.insert(groups[id], place)
    else
      lines[#lines + 1] = ("  %s  %s\n    %s%s"):format(place.named, place.doc or "", place.type.text ~= "table"
        and place.type.text
        or "a table", place.of and "; of " .. place.of or "")
    end
  end
  for _, id in ipairs(order) do
    local group = groups[id]
    if #group == 1 and #order == 1 then
      help.field_lines({ list = { group[1].field } }, "  ", lines)
      if group[1].of ~= "experiment" and places[1].of ~= key:match "([^.%[]+)[^.]*%.[^.]+$" then
        lines[#lines + 1] = "  of " .. group[1].of
      end
    else
      local field = group[1].field
      lines[#lines + 1] = ("  %s  %s"):format(field.name, field.doc)
      lines[#lines + 1] = ("  %s  %s; %s"):format((" "):rep(#field.name), field.type.text, defaults(group))
    end
  end
  return table.concat(lines, "\n")
end

-- Every constructor that has an option of this name.
local function option_anywhere(name)
  local by_doc, order = {}, {}
  for _, kind in ipairs(schema.load_all()) do
    local constructor = schema.find(kind)
    local field = constructor.declaration.spec.by_name[name]
    if field then
      local id = "\n      " .. field.doc .. "\n      " .. field.type.text
      if not by_doc[id] then
        by_doc[id] = {}
        order[#order + 1] = id
      end
      table.insert(by_doc[id], node.title(kind))
    end
  end
  if #order == 0 then return nil end
  local lines = { name .. ", an option" }
  for _, id in ipairs(order) do
    lines[#lines + 1] = ("  of %s:%s"):format(table.concat(by_doc[id], ", "), id)
  end
  return table.concat(lines, "\n")
end

-- "adamw.lr", "optim.adamw.schedule": the longest beginning that is a constructor. Text, or nil and a message, or nil.
local function option_of_constructor(key)
  local owner, rest = key, ""
  while true do
    local shorter, last = owner:match "^(.*)%.([^.]+)$"
    if not shorter then return nil end
    owner, rest = shorter, rest == "" and last or last .. "." .. rest
    local constructor = help.find(owner)
    if constructor then
      local field, near = help.option(constructor.declaration.spec, rest)
      if not field then return nil, ("%s has no option '%s'%s"):format(node.title(constructor.kind), rest, near) end
      local lines = { ("%s of %s"):format(rest, node.title(constructor.kind)) }
      help.field_lines({ list = { field } }, "  ", lines)
      return table.concat(lines, "\n")
    end
  end
end

local function all_names()
  local names = { unpack(help.words_of_the_language()) }
  for kind in pairs(schema.contents()) do
    names[#names + 1] = kind
    names[#names + 1] = node.title(kind)
  end
  for kind in pairs(schema.registry) do names[#names + 1] = node.title(kind) end
  table.sort(names)
  return names
end

return function(key)
  if help.is_word(key) or help.find(key) then return help.text(key) end
  local of_message = error_texts.explain(key)
  if of_message then return of_message end
  key = key:match "^%s*(.-)%s*$":gsub("^~", ""):gsub("=.*$", "")
  if key:find "^[%a_~]" and not key:find "%s" and not key:find("..", 1, true) then
    local text, message = option_of_constructor(key)
    if text then return text end
    local found, word, words = path(key)
    if found then return found end
    local of_metric = metric_key(key)
    if of_metric then return of_metric end
    if message then return nil, message end
    if key:find(".", 1, true) and words and word ~= key:match "^[^.%[]+" then
      return nil, ("the experiment has no option '%s'%s"):format(key, nearest.or_all(word, words))
    end
    local anywhere = option_anywhere(key)
    if anywhere then return anywhere end
  end
  return nil, ("nothing is known about '%s'%s"):format(key, nearest.did_you_mean(key, all_names()))
end
