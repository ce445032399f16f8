--- The tokens of Lua text, and which of them belong together.

local tokens = {}

local keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while]]):gmatch "%a+" do keywords[word] = true end
keywords["goto"] = nil         -- a name where it is used as one

local operators3, operators2 = { ["..."] = true }, { ["=="] = true, ["~="] = true, ["<="] = true, [">="] = true,
                                                   [".."] = true, ["::"] = true }

-- Position of the end of a long bracket that opens at `start`, or nil.
local function long_bracket(text, start)
  local level = text:match("^%[(=*)%[", start)
  if not level then return nil end
  local _, stop = text:find("]" .. level .. "]", start, true)
  return stop or #text
end

--- The tokens of `text`: { kind = "name"|"keyword"|"number"|"string"|"operator", text, line, column, from, to }.
-- Anything that is no token is left to the compiler to complain about.
function tokens.read(text)
  local list, line, line_start, i = {}, 1, 0, 1
  local function advance(from, to)            -- keeps count of the lines within from..to
    local at = text:find("\n", from, true)
    while at and at <= to do
      line, line_start = line + 1, at
      at = text:find("\n", at + 1, true)
    end
  end
  local function push(kind, to)
    list[#list + 1] = { kind = kind, text = text:sub(i, to), line = line, column = i - line_start, from = i, to = to }
    advance(i, to)
    i = to + 1
  end
  if text:sub(1, 1) == "#" then i = (text:find("\n", 1, true) or #text + 1) end
  while i <= #text do
    local c = text:sub(i, i)
    if c:match "%s" then
      local to = select(2, text:find("^%s+", i))
      advance(i, to)
      i = to + 1
    elseif text:sub(i, i + 1) == "--" then
      local to = long_bracket(text, i + 2) or (text:find("\n", i, true) or #text + 1) - 1
      advance(i, to)
      i = to + 1
    elseif c:match "[%a_\128-\255]" then
      local to = select(2, text:find("^[%w_\128-\255]+", i))
      push(keywords[text:sub(i, to)] and "keyword" or "name", to)
    elseif c:match "%d" or text:find("^%.%d", i) then
      local _, to = text:find("^0[xX][%x%.]*[pP]?[%+%-]?[%w]*", i)
      if not to then
        _, to = text:find("^[%d%.]+", i)
        local _, exponent = text:find("^[eE][%+%-]?%d+", to + 1)
        _, to = text:find("^%a*", (exponent or to) + 1)
      end
      push("number", to)
    elseif c == '"' or c == "'" then
      local to = i + 1
      while to <= #text and text:sub(to, to) ~= c and text:sub(to, to) ~= "\n" do
        to = to + (text:sub(to, to) == "\\" and 2 or 1)
      end
      push("string", math.min(to, #text))
    elseif long_bracket(text, i) then
      push("string", long_bracket(text, i))
    elseif operators3[text:sub(i, i + 2)] then
      push("operator", i + 2)
    elseif operators2[text:sub(i, i + 1)] then
      push("operator", i + 1)
    else
      push("operator", i)
    end
  end
  return list
end

local closing = { ["("] = ")", ["{"] = "}", ["["] = "]" }

--- Sets .match on brackets and on the ends of blocks; false where they do not fit (the compiler will say so better).
function tokens.match_blocks(list)
  local stack = {}
  for i, token in ipairs(list) do
    local text = token.text
    if token.kind == "operator" and closing[text] then
      stack[#stack + 1] = i
    elseif token.kind == "operator" and (text == ")" or text == "}" or text == "]") then
      local open = table.remove(stack)
      if not open or closing[list[open].text] ~= text then return false end
      list[open].match, token.match = i, open
    elseif token.kind == "keyword" then
      if text == "function" or text == "if" or text == "do" or text == "repeat" then
        stack[#stack + 1] = i
      elseif text == "end" or text == "until" then
        local open = table.remove(stack)
        if not open or closing[list[open].text] then return false end
        list[open].match, token.match = i, open
      end
    end
  end
  return #stack == 0
end

--- Can the token end an expression that a call's arguments may follow?
function tokens.callable(token)
  if not token then return false end
  if token.kind == "name" or token.kind == "string" then return true end
  return token.kind == "operator" and (token.text == ")" or token.text == "]" or token.text == "}")
end

--- The index of the first token of the expression that ends at list[i]: path.nll, f(x).g, a[1]
function tokens.expression_start(list, i)
  while true do
    local token = list[i]
    if token.match and token.match < i and token.kind == "operator" then
      i = token.match
      if not tokens.callable(list[i - 1]) then return i end
      i = i - 1
    elseif token.kind == "string" and tokens.callable(list[i - 1]) then
      i = i - 1
    else
      local before = list[i - 1]
      local field = before and before.kind == "operator" and (before.text == "." or before.text == ":")
      if not (field and list[i - 2]) then return i end
      i = i - 2
    end
  end
end

return tokens
