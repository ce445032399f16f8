local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local schema = require "schema"
local system = require "host.system"

local read = {} -- "options and state of the file" -> host dataset: a file is read once in a process

local function table_of(path, o, class_names)
  local found = system.stat(path)
  local options = { name = o.name, text = o.text, label = o.label, separator = o.separator, format = o.format,
                    header = o.header, class_names = class_names }
  local key = table.concat({ path, tostring(found and found.size), tostring(found and found.modified), o.name, o.label,
    table.concat(o.text, "\1"), o.separator or "", o.format or "", tostring(o.header),
    table.concat(class_names or {}, "\1") }, "\0")
  if not read[key] then read[key] = dataset.host(data.read_text_table, path, options) end
  return read[key]
end

local function strings(list)
  local texts = {}
  for i, column in ipairs(list) do texts[i] = tostring(column) end
  return texts
end

-- What the file says: its classes and how many texts each has.
local function resolve(o)
  o = setmetatable({ text = strings(o.text), label = tostring(o.label) }, { __index = o })
  local train = table_of(catalogue.path(o.path), o, o.classes)
  local names = train:class_names()
  local function other(path) return path and table_of(catalogue.path(path), o, names) end
  return { name = o.name, things = "texts", class_names = names, counts = train:counts(),
           sets = { train = train, test = other(o.test_path), val = other(o.val_path) } }
end

local origin = {
  name = "text", things = "texts", test = 0, resolve = resolve,
  fields = {
    { "path", "path", schema.required, 
      "a CSV, TSV or JSON Lines file, plain or .gz; $DATA/x is x in $MOONLAB_DATA", at = 1 },
    { "text", "list of (string or integer)", { "text" }, "columns joined to a text: names, or numbers from 1" },
    { "label", "string or integer", "label", "the column of labels" },
    { "separator", "string", schema.optional, "what stands between several labels of a text; absent: one label each" },
    { "format", "one of csv|tsv|jsonl", schema.optional, "the file's format; absent: by its ending" },
    { "header", "boolean", true, "the first line of a CSV or TSV file names the columns" },
    { "classes", "list of string", schema.optional, "the labels in their order; absent: those of the file, sorted" },
    { "test_path", "path", schema.optional, "a file of the same form whose texts are the test set" },
    { "val_path", "path", schema.optional, "a file of the same form whose texts are the validation set" },
  },
}

--- Labelled texts of one's own. Several labels of a text, by `separator` or as a list in JSON Lines, make rows y [B, K]
-- filled up with -1, and t [B, classes] with a 1 for each. Without `test_path` the option `test` holds texts out.
-- @usage data.text { "$DATA/mails.csv", text = { "subject", "body" }, label = "topics", separator = ";", test = 10 }
return schema.declare("data.text", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
