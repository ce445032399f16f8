--- help(x): what a constructor, an option or a word of the language is, from its declaration and the comment above it.
--
--     help()                 everything there is, by folder
--     help "adamw"           a constructor by name (also "optim.adamw", the constructor itself, a node)
--     help "train.epochs"    an option: of the experiment, or "adamw.lr" of a constructor
--     help "loss"            a folder
--
-- help.text(x) gives the text instead of printing it; nil and a message where there is nothing.

local nearest = require "language.nearest"
local node = require "language.node"
local order = require "language.order"
local schema = require "schema"

local help = {}

-- Words of the language that are no constructors.
local words = {
  params = { "params { name = default | { default, \"what it is\" [, type] } }",
    "The knobs of a script. Set from the command line as name=value; read as p.name.",
    "local p = params { alpha = { 1.0, \"weight of the first term\" } }" },
  pick = { "pick(name, { name = value, ... })", "The value of that name. An unknown name is an error that lists them.",
    "head = pick(p.head, { softmax = head.softmax {}, binary = head.binary {} })" },
  env = { "env(\"NAME\", default)", "An environment variable. What was read is recorded with the run.",
    "local root = env(\"DATA_ROOT\", \"$DATA\")" },
  seeds = { "seeds(n) or seeds(first, last)", "A list of seeds: 0 to n - 1, or first to last.", "seeds = seeds(3)" },
  declare = { "declare(kind, fields, build)", "A constructor of the script's own. The fields are as in stdlib's.",
    "local tiny = declare(\"head.tiny\", { { \"width\", \"integer > 0\", 8, \"units\" } }, function(o, context) end)" },
}

-- The prose and usage lines of the comment above declare("kind") in the text of a file.
local function comment_of(path, kind)
  local file = path and io.open(path, "r")
  if not file then return {}, {} end
  local block, prose, usage = {}, {}, {}
  for line in file:lines() do
    local comment = line:match "^%-%-%-? ?(.*)$"
    if comment and (line:match "^%-%-%-" or #block > 0) then
      if line:match "^%-%-%-" then block = {} end
      block[#block + 1] = comment
    elseif line:find("declare%s*%(%s*[\"']" .. kind:gsub("%p", "%%%0") .. "[\"']") then
      for _, text in ipairs(block) do
        local shown = text:match "^@usage%s*(.*)$"
        if shown then
          usage[#usage + 1] = shown
        elseif #usage > 0 and text:match "^%s" then
          usage[#usage + 1] = text
        else
          prose[#prose + 1] = text
        end
      end
      break
    else
      block = {}
    end
  end
  file:close()
  return prose, usage
end

--- The prose and the usage lines of a constructor, without loading its file: two lists of lines.
function help.comment(kind)
  local entry = schema.contents()[kind]
  local path = entry and entry.root .. "/" .. (entry.sub and entry.sub .. "/" or "") .. entry.file
  local found = not path and schema.find(kind)
  if found then path = found.declaration.file end
  return comment_of(path, kind)
end

--- The first sentence about a constructor.
function help.summary(kind)
  local prose = help.comment(kind)
  local text = table.concat(prose, " ")
  text = text:match "^(.-)%.%s+%u" or text:match "^(.-)%.?$"
  return #text > 52 and text:sub(1, 49):match "^(.*)%s" .. " ..." or text
end

local function default_text(default)
  if default == schema.required then return "required" end
  if default == schema.optional then return "optional" end
  if type(default) == "string" then return ("default %q"):format(default) end
  if type(default) == "number" then return "default " .. order.number(default) end
  if type(default) == "boolean" then return "default " .. tostring(default) end
  if type(default) == "function" then return "has a default" end
  if next(default) == nil then return nil end
  local parts = {}
  for i, item in ipairs(default) do parts[i] = type(item) == "string" and ("%q"):format(item) or tostring(item) end
  return "default { " .. table.concat(parts, ", ") .. " }"
end

local function nested(compiled)
  if compiled.spec then return compiled.spec end
  if compiled.element then return nested(compiled.element) end
  for _, alternative in ipairs(compiled.alternatives or {}) do
    local spec = nested(alternative)
    if spec then return spec end
  end
end

-- "a table" for tables of fields: their keys follow, indented.
local function field_lines(spec, indent, lines)
  local width = 0
  for _, field in ipairs(spec.list) do width = math.max(width, #field.name) end
  for _, field in ipairs(spec.list) do
    local notes = { field.type.text }
    notes[#notes + 1] = default_text(field.default)
    if field.at == "rest" then notes[#notes + 1] = "all further positional values" end
    if field.at == "keys" then notes[#notes + 1] = "every other key" end
    if type(field.at) == "number" then notes[#notes + 1] = "positional value " .. field.at end
    lines[#lines + 1] = ("%s%-" .. width .. "s  %s"):format(indent, field.name, field.doc)
    lines[#lines + 1] = ("%s%s  %s"):format(indent, (" "):rep(width), table.concat(notes, "; "))
    local inner = nested(field.type)
    if inner then field_lines(inner, indent .. "    ", lines) end
  end
end

local function constructor_text(constructor)
  local kind, declaration = constructor.kind, constructor.declaration
  local prose, usage = help.comment(kind)
  local lines = { node.title(kind) .. (declaration.named and " \"name\" { ... }" or " { ... }")
                  .. (node.title(kind) ~= kind and "   (" .. kind .. ")" or "") }
  for _, line in ipairs(prose) do lines[#lines + 1] = "  " .. line end
  if #declaration.spec.list > 0 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "Options:"
    field_lines(declaration.spec, "  ", lines)
  end
  local properties = {}
  for name in pairs(declaration.metadata) do properties[#properties + 1] = "." .. name end
  for name in pairs(declaration.methods) do properties[#properties + 1] = ":" .. name .. "()" end
  table.sort(properties)
  if #properties > 0 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "Reads: " .. table.concat(properties, " ")
  end
  if #usage > 0 then
    lines[#lines + 1] = ""
    lines[#lines + 1] = "Usage:"
    for _, line in ipairs(usage) do lines[#lines + 1] = "  " .. line end
  end
  return table.concat(lines, "\n")
end

--- The constructor of a name, bare or with its folder, or nil.
local function find(name)
  local direct = schema.find(name)
  if direct then return direct end
  if name:find(".", 1, true) then return nil end
  for _, folder in ipairs(schema.folders) do
    local found = schema.find(folder .. "." .. name)
    if found then return found end
  end
end

help.find, help.default_text, help.field_lines = find, default_text, field_lines

function help.is_word(name) return words[name] ~= nil end

--- The words of the language that are no constructors, sorted.
function help.words_of_the_language()
  local names = {}
  for name in pairs(words) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function listing(folders, with_words)
  local lines = {}
  for _, folder in ipairs(folders) do
    local names = schema.names(folder or nil)
    if #names > 0 then
      lines[#lines + 1] = (folder or "experiments") .. ":"
      for _, name in ipairs(names) do
        local kind = folder and folder .. "." .. name or name
        lines[#lines + 1] = ("  %-24s %s"):format(node.title(kind), help.summary(kind))
      end
    end
  end
  if with_words then
    lines[#lines + 1] = "words:"
    for _, name in ipairs(help.words_of_the_language()) do
      lines[#lines + 1] = ("  %-24s %s"):format(name, words[name][2]:match "^(.-)%.")
    end
    lines[#lines + 1] = "help \"NAME\" tells more, help \"train.epochs\" about one option."
  end
  return table.concat(lines, "\n")
end

--- The option at the end of a path of names below a spec; nil and a hint of the nearest name.
function help.option(spec, path)
  local field
  for name in path:gmatch "[^.]+" do
    field = spec and spec.by_name[name:match "^[^%[]+"]
    if not field then
      return nil, spec and nearest.did_you_mean(name, spec.names) or ""
    end
    spec = nested(field.type)
  end
  return field
end

--- What `x` is, as text; nil and a message where there is nothing to say.
function help.text(x)
  if x == nil then
    local folders = { false }
    for _, folder in ipairs(schema.folders) do folders[#folders + 1] = folder end
    return listing(folders, true)
  end
  if node.is(x) then return constructor_text(schema.find(x.kind) or { kind = x.kind, declaration = x.declaration }) end
  if node.is_constructor(x) then return constructor_text(x) end
  local known = rawget(_G, "torch") and (type(x) ~= "string" or not find(x))
    and (require "torch.help_nn".text(x, require "lazy_globals") or require "torch.help"(x))
  if known then return known end
  if type(x) ~= "string" then return nil, "help takes a constructor, a node or a name, got a " .. type(x) end
  if words[x] then return ("%s\n  %s\n\nUsage:\n  %s"):format(unpack(words[x])) end
  local constructor = find(x)
  if constructor then return constructor_text(constructor) end
  for _, folder in ipairs(schema.folders) do
    if folder == x then return listing { folder } end
  end
  return help.explain(x)
end

--- What an option, a constructor, a metric key, a word or a message is: "train.epochs", "adamw.lr", "val.top1".
function help.explain(key) return require "explain"(key) end

-- Words of `text` on lines of at most `width` columns; `rest` indents all but the first.
local function fill(text, first, rest, width, lines)
  local line, begun = first, false
  for word in text:gmatch "%S+" do
    if begun and #line + #word + 1 > width and line:match "%S" then
      lines[#lines + 1], line = line, rest .. word
    else
      line, begun = line .. (line:match "%S$" and " " or "") .. word, true
    end
  end
  lines[#lines + 1] = line
end

--- Text on lines of at most `width` columns: paragraphs are filled anew, other long lines broken between words.
function help.wrapped(text, width)
  local source, lines = {}, {}
  for line in (text .. "\n"):gmatch "(.-)\n" do source[#source + 1] = line end
  local i = 1
  while i <= #source do
    local indent = source[i]:match "^%s*"
    -- a paragraph: lines of one indent without columns or code in them
    local last, long = i, #source[i] > width
    local function prose(line) return line:match "^%s*" == indent and line:match "%S" and not line:find "%S  +%S" end
    if prose(source[i]) and #indent < 4 then
      while last < #source and prose(source[last + 1]) do
        last = last + 1
        long = long or #source[last] > width
      end
    end
    if not long then
      for k = i, last do lines[#lines + 1] = source[k] end
    elseif last > i then
      fill(table.concat(source, " ", i, last), indent, indent, width, lines)
    else
      -- "  name   what it is": further lines stand below what it is
      local column, rest = source[i]:match "^(%s*%S+%s%s+)(%S.*)$"
      if column and #column <= width / 2 then
        fill(rest, column, (" "):rep(#column), width, lines)
      else
        fill(source[i], indent, indent .. ((indent == "" and prose(source[i]) or source[i]:match "%.$") and "" or "  "),
          width, lines)
      end
    end
    i = last + 1
  end
  return table.concat(lines, "\n")
end

return setmetatable(help, {
  __call = function(_, x)
    local text, message = help.text(x)
    print(help.wrapped(text or message, math.max(require "host.system".terminal_width(80), 40)))
  end,
})
