--- The source index of a script: its tokens, read once, and from them where everything stands.
--
-- Lua forgets what a person needs to see in an error: a tail call `return adamw {}` drops the frame, a table drops keys
-- whose value is nil and keys written twice, and nothing remembers columns or the order of keys. So a script is not
-- run as it is written: `source.index` wraps what a call is given, without moving a line,
--     f { ... }  ->  f(__table(7,{ ... }))       f "x"  ->  f(__call(8,"x"))       f(a, b)  ->  f(__call(9,a, b))
--     { ... }    ->  __table(10,{ ... })          function(...) ... end -> __function(11,function(...) ... end)
--     local function f(...) ... end  ->  local function f(...) ... end __named(12,f);
-- and the three hooks tie the very table, call and function at hand to record 7, 8, ... of the index. Matching by
-- order of calls would break at the first loop or branch, and debug.getinfo at the first tail call; the table's own
-- identity survives both, and helper functions and `require`d files of the script too. Wrapping arguments rather than
-- callees needs no grammar of expressions, only to see whether a bracket follows something that can be called.

local site = require "language.site"
local tokens = require "language.tokens"

local source = {}

--- The tokens of a text (language/tokens.lua).
source.tokens = tokens.read

local function position(self, token)
  return { file = self.name, line = token.line, column = token.column }
end

-- Places of the comma-separated values between tokens first..last.
local function items_between(self, first, last)
  local items, list, i, fresh = {}, self.tokens, first, true
  while i <= last do
    local token = list[i]
    if fresh then
      items[#items + 1], fresh = position(self, token), false
    end
    if token.text == "," and token.kind == "operator" then fresh = true end
    i = token.match and token.match > i and token.match or i
    i = i + 1
  end
  return items
end

-- Reads a constant string token.
local function constant(token)
  local chunk = loadstring("return " .. token.text)
  return chunk and chunk()
end

-- Fills the record of the table whose "{" is token number `open`: keys in written order, places of list positions.
local function read_table(self, made, open)
  local list, stop = self.tokens, self.tokens[open].match
  made.keys, made.items = {}, {}
  local i, start = open + 1, true
  while i < stop do
    local token = list[i]
    if start then
      start = false
      local following = list[i + 1]
      if token.kind == "name" and following.text == "=" and following.kind == "operator" then
        made.keys[#made.keys + 1] = { key = token.text, file = self.name, line = token.line, column = token.column }
      elseif token.text == "[" and token.kind == "operator" then
        local inner = list[i + 1]
        local single = token.match == i + 2
        local key
        if single and inner.kind == "string" then key = constant(inner) end
        if single and inner.kind == "number" then key = tonumber(inner.text) end
        made.keys[#made.keys + 1] = { key = key, file = self.name, line = inner.line, column = inner.column }
      else
        made.items[#made.items + 1] = position(self, token)
        -- A call or `...` in the last place may give any number of values.
        local last = list[stop - 1]
        if last.text == "," or last.text == ";" then last = list[stop - 2] end
        made.open = last.text == ")" or last.text == "..." or last.text == "}" or last.kind == "string"
      end
    end
    if token.kind == "operator" and (token.text == "," or token.text == ";") then start = true end
    i = token.match and token.match > i and token.match or i
    i = i + 1
  end
end

--- Indexes `text`, called `name` in messages. The result has name, text, tokens, records, code (what is compiled in
-- place of the text), lines. Where the brackets do not match, code is the text itself: it does not compile anyway.
function source.index(name, text)
  local self = { name = name, text = text, records = {} }
  self.lines = {}
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do self.lines[#self.lines + 1] = line end
  self.tokens = tokens.read(text)
  local list = self.tokens
  if not tokens.match_blocks(list) then
    self.code = text
    return self
  end

  local before, after = {}, {}           -- token -> text put before it, after it
  local function put(i, open, close_at, close)
    before[i] = (before[i] or "") .. open
    after[close_at] = close .. (after[close_at] or "")
  end
  local function record(made)
    self.records[#self.records + 1] = made
    return #self.records
  end

  local parameters = {}                  -- "(" of parameter lists: no calls
  for i, token in ipairs(list) do
    local previous = list[i - 1]
    if token.kind == "keyword" and token.text == "function" then
      local j = i + 1
      while list[j] and list[j].text ~= "(" do j = j + 1 end
      parameters[j] = true
      if j == i + 1 then                 -- an expression; statements have a name
        local id = record { kind = "function", first = i, last = token.match, line = token.line, column = token.column }
        -- A statement that begins with "(" may follow: keep it apart from the wrapped function.
        local next_token = list[token.match + 1]
        put(i, ("__function(%d,"):format(id), token.match, next_token and next_token.text == "(" and ");" or ")")
      elseif j == i + 2 then             -- a statement whose name is one word: what it made is noted behind it
        local id = record { kind = "function", first = i, last = token.match, name = i + 1, line = token.line,
                            column = token.column }
        local next_token = list[token.match + 1]
        put(i, "", token.match, (" __named(%d,%s)%s"):format(id, list[i + 1].text,
          next_token and next_token.text == ";" and "" or ";"))
      end
    elseif token.kind == "operator" and token.text == "{" then
      local made = { kind = "table", file = name, line = token.line, column = token.column }
      read_table(self, made, i)
      local id = record(made)
      if tokens.callable(previous) then
        made.call = position(self, list[tokens.expression_start(list, i - 1)])
        -- The bracket goes right behind the callee: on a line of its own "(" would be ambiguous.
        after[i - 1] = (after[i - 1] or "") .. "("
        put(i, ("__table(%d,"):format(id), token.match, "))")
      else
        put(i, ("__table(%d,"):format(id), token.match, ")")
      end
    elseif token.kind == "string" and tokens.callable(previous) then
      local start = list[tokens.expression_start(list, i - 1)]
      local id = record { kind = "call", file = name, line = start.line, column = start.column,
                          items = { position(self, token) } }
      after[i - 1] = (after[i - 1] or "") .. "("
      put(i, ("__call(%d,"):format(id), i, "))")
    elseif token.kind == "operator" and token.text == "(" and tokens.callable(previous) and not parameters[i] then
      local start = list[tokens.expression_start(list, i - 1)]
      local id = record { kind = "call", file = name, line = start.line, column = start.column,
                          items = items_between(self, i + 1, token.match - 1) }
      after[i] = ("__call(%d%s"):format(id, token.match > i + 1 and "," or "") .. (after[i] or "")
      before[token.match] = (before[token.match] or "") .. ")"
    end
  end

  local parts, at = {}, 1
  for i, token in ipairs(list) do
    if before[i] or after[i] then
      parts[#parts + 1] = text:sub(at, token.from - 1)
      parts[#parts + 1] = before[i] or ""
      parts[#parts + 1] = token.text
      parts[#parts + 1] = after[i] or ""
      at = token.to + 1
    end
  end
  parts[#parts + 1] = text:sub(at)
  self.code = table.concat(parts):gsub("^#", "--")
  return self
end

--- The hooks that the wrapped code calls, by name.
function source.hooks(self)
  local records = self.records
  return {
    __table = function(id, tbl)
      site.tables[tbl] = records[id]
      site.call = records[id].call and { file = self.name, line = records[id].call.line,
                                         column = records[id].call.column, items = {} } or site.call
      return tbl
    end,
    __call = function(id, ...)
      site.call = records[id]
      return ...
    end,
    __named = function(id, fn)
      site.named[fn] = { source = self, first = records[id].first, last = records[id].last, name = records[id].name }
    end,
    __function = function(id, fn)
      site.functions[fn] = { source = self, first = records[id].first, last = records[id].last,
                             line = records[id].line, column = records[id].column }
      return fn
    end,
  }
end

--- The first place of a word in `line`. as: "name" (neither a key of a table nor a field), "field", "operator".
-- { file, line, column }, column nil where there is none.
function source.find_word(self, word, line, as)
  for i, token in ipairs(self.tokens) do
    if token.line == line and token.text == word and (token.kind == "name" or as == "operator") then
      local before, following = self.tokens[i - 1], self.tokens[i + 1]
      local is_field = before and before.kind == "operator" and (before.text == "." or before.text == ":") or false
      local is_key = following and following.text == "=" and before and
        (before.text == "{" or before.text == "," or before.text == ";")
      if as == "operator" or is_field == (as == "field") and not (is_key and as == "name") then
        return position(self, token)
      end
    end
  end
  return as == "operator" and source.find_line(self, line) or { file = self.name, line = line }
end

--- Is `key` written in a table that `callee` is called with: callee { key = ... }?
function source.written_key(self, callee, key)
  for i, token in ipairs(self.tokens) do
    local open = token.text == callee and token.kind == "name" and self.tokens[i + 1]
    if open and open.text == "{" then
      for _, record in ipairs(self.records) do
        if record.kind == "table" and record.line == open.line and record.column == open.column then
          for _, written in ipairs(record.keys) do
            if written.key == key then return true end
          end
        end
      end
    end
  end
  return false
end

--- The last `return` of the script, else its last token: where a wrong result comes from.
function source.find_end(self)
  local found
  for _, token in ipairs(self.tokens) do
    if token.text == "return" and token.kind == "keyword" then found = token end
  end
  found = found or self.tokens[#self.tokens]
  return found and position(self, found) or { file = self.name, line = 1, column = 1 }
end

--- The first token of `line`, as a position.
function source.find_line(self, line)
  for _, token in ipairs(self.tokens) do
    if token.line == line then return position(self, token) end
  end
  return { file = self.name, line = line }
end

--- "write model = ..." where the word at a place is a key written as in other languages, { model: trunk {} }; else nil.
function source.colon_key(self, place)
  for i, token in ipairs(self.tokens) do
    if token.line == place.line and token.column == place.column then
      local before, following = self.tokens[i - 1], self.tokens[i + 1]
      if before and (before.text == "{" or before.text == "," or before.text == ";") and following
        and following.text == ":" then
        return ("write %s = ...: keys of a table are written with =, a colon calls a method"):format(token.text)
      end
    end
  end
end

-- What may have been meant by what other languages write, from the words around the place that the compiler did not
-- understand.
local function meant(self, text, line, found)
  local first, following, before
  for i, token in ipairs(self.tokens) do
    if token.line == line then first = first or token end
    if token == found then following, before = self.tokens[i + 1], self.tokens[i - 1] end
  end
  local word = first and first.text
  if word == "import" or word == "from" then
    return "; modules are loaded by local m = require \"name\", torch is there already"
  end
  if word == "def" then return "; functions are written local function name(...) ... end" end
  if word == "elif" then return "; 'elif' is written elseif in Lua" end
  if found and found.text == "!" then return following and following.text == "=" and "; 'not equal' is ~= in Lua"
    or "; 'not' is a word in Lua" end
  if found and following and following.text == "=" and ("+-*/"):find(found.text, 1, true) then
    return ("; write x = x %s ..."):format(found.text)
  end
  if text:find "^'[})%]]' expected" and found and before
    and before.text ~= "," then return "; a comma may be missing before it" end
  return ""
end

--- Turns the compiler's message "name:3: text near 'x'" into a position and "text near 'x'".
function source.locate_syntax(self, message)
  local line, text = message:match ":(%d+): (.*)$"
  if not line then return { file = self.name, line = 1 }, message end
  line = tonumber(line)
  local near = text:match "near '(.-)'$"
  local found
  for _, token in ipairs(self.tokens) do
    if near == "<eof>" then
      found = token
    elseif token.line == line and token.text == near then
      found = found or token
    end
  end
  if near == "<eof>" and found then
    return { file = self.name, line = found.line, column = found.column + #found.text }, text
  end
  if found then return position(self, found), text .. meant(self, text, line, found) end
  return source.find_line(self, line), text
end

--- The text of a function of the script, tokens joined by single spaces: comments and layout do not matter.
function source.function_text(where)
  local words = {}
  for i = where.first, where.last do words[#words + 1] = where.source.tokens[i].text end
  return table.concat(words, " ")
end

return source
