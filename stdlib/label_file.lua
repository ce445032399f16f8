--- Vectors of labels in a file, each known by its label's name, so that they fit whatever order a data set has its
-- classes in.
--
-- .safetensors: one tensor [K, d], the names in the metadata under "labels", a line each. Files without that: a tensor
-- of its own for each name, or one tensor with a row for each class, in the order of the classes.
-- .csv: a line a label, its name and then the numbers; a first line without numbers is a heading.
local nearest = require "language.nearest"
local safetensors = require "safetensors"
local system = require "host.system"

local label_file = {}

local function refuse(path, text, ...) error(("%s: %s"):format(path, text:format(...)), 0) end

--- Writes float [K, d] and the K names; a whole file or none.
function label_file.write(path, names, vectors)
  if not path:match "%.safetensors$" then refuse(path, "the name of a file of labels ends in .safetensors") end
  if #names ~= vectors:size(0) then refuse(path, "%d names, but %d vectors", #names, vectors:size(0)) end
  for _, name in ipairs(names) do
    if name:find "\n" then refuse(path, "a label's name holds a line break: '%s'", name) end
  end
  safetensors.save_file({ labels = vectors:detach():cpu():contiguous() }, path,
    { metadata = { labels = table.concat(names, "\n") } })
end

local function split_lines(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

-- names or nil, tensor [K, d]
local function read_safetensors(path)
  local file = safetensors.safe_open(path)
  local keys, described = file:keys(), file:metadata().labels
  if #keys == 1 and file:get_tensor(keys[1]).ndim == 2 then
    return described and split_lines(described), file:get_tensor(keys[1])
  end
  if #keys == 0 then refuse(path, "it holds no tensor") end
  local rows = {}
  for i, key in ipairs(keys) do
    rows[i] = file:get_tensor(key)
    if rows[i].ndim ~= 1 or rows[i]:size(0) ~= rows[1]:size(0) then
      refuse(path, "a tensor for each label is expected, all of one length, but '%s' is %s", key,
        tostring(rows[i].shape))
    end
  end
  return keys, torch.stack(rows)
end

-- The fields of a line of CSV; a field in quotes may hold commas and doubled quotes.
local function fields_of(line)
  local fields, at = {}, 1
  line = line:gsub("\r$", "")
  repeat
    if line:sub(at, at) == '"' then
      local text = ""
      repeat
        local stop = line:find('"', at + 1, true)
        if not stop then return nil end
        text, at = text .. line:sub(at + 1, stop - 1), stop + 1
        local again = line:sub(at, at) == '"'
        if again then text = text .. '"' end
      until not again
      fields[#fields + 1] = text
      if at <= #line and line:sub(at, at) ~= "," then return nil end
    else
      local text = line:match("^[^,]*", at)
      fields[#fields + 1], at = text, at + #text
    end
    at = at + 1
  until at > #line + 1
  return fields
end

local function read_csv(path)
  local file, reason = io.open(path)
  if not file then refuse(path, "it cannot be read (%s)", tostring(reason)) end
  local lines = split_lines(file:read "*a")
  file:close()
  local names, rows = {}, {}
  for i, line in ipairs(lines) do
    local fields, row = {}, {}
    if line:match "%S" then
      fields = fields_of(line)
      if not fields then refuse(path, "line %d: a quote is not closed, or text follows it", i) end
      if #fields < 2 then refuse(path, "line %d: a name and numbers, separated by commas, are expected", i) end
    end
    for k = 2, #fields do
      row[k - 1] = tonumber(fields[k])
      if not row[k - 1] and not (i == 1 and k == 2) then refuse(path, "line %d: '%s' is no number", i, fields[k]) end
      if not row[1] then break end -- a heading
    end
    if row[1] then
      if rows[1] and #row ~= #rows[1] then
        refuse(path, "line %d: %d numbers, but %d before", i, #row, #rows[1])
      end
      names[#names + 1], rows[#rows + 1] = fields[1], row
    end
  end
  if #rows == 0 then refuse(path, "it holds no labels") end
  return names, torch.tensor(rows, { dtype = "float32" })
end

-- long [K]: where each wanted name stands.
local function places(path, names, wanted, exact)
  local at, list = {}, {}
  for i, name in ipairs(names) do
    if at[name] then refuse(path, "the label '%s' is there twice", name) end
    at[name] = i - 1
  end
  for i, name in ipairs(wanted) do
    if not at[name] then
      refuse(path, "it holds %d labels, but '%s' is none of them%s", #names, name, nearest.did_you_mean(name, names))
    end
    list[i] = at[name]
  end
  if exact and #names ~= #wanted then
    refuse(path, "it was made for %d labels, these are %d", #names, #wanted)
  end
  return torch.tensor(list, { dtype = "int64" })
end

--- The vectors of labels, [K, d], in the order of `wanted` (a list of names).
-- @param options { similarity = true: [K, K], whose columns are labels too, and the file must name exactly these labels
-- } Errors: a file that cannot be read, a label that it lacks (with the nearest name), one twice, numbers that are not
-- finite, and with `similarity` labels in the file beside the wanted ones or a file without names.
function label_file.read(path, wanted, options)
  local similarity = options and options.similarity
  if not system.stat(path) then refuse(path, "there is no such file") end
  local names, vectors
  if path:match "%.csv$" then names, vectors = read_csv(path) else names, vectors = read_safetensors(path) end
  if not vectors.dtype:match "float" then refuse(path, "its numbers are %s, not floating-point ones", vectors.dtype) end
  if names and #names ~= vectors:size(0) then
    refuse(path, "it names %d labels, but holds %d vectors", #names, vectors:size(0))
  end
  if not vectors:isfinite():all():item() then refuse(path, "it holds numbers that are not finite") end
  if not names then
    if similarity then refuse(path, "it does not say which labels its vectors belong to") end
    if vectors:size(0) ~= #wanted then refuse(path, "it holds %d vectors for %d labels", vectors:size(0), #wanted) end
    return vectors:clone()
  end
  local at = places(path, names, wanted, similarity)
  vectors = vectors:index_select(0, at)
  if similarity then
    if vectors:size(1) ~= #wanted then
      refuse(path, "embeddings of %d labels have as many numbers, these have %d", #wanted, vectors:size(1))
    end
    vectors = vectors:index_select(1, at)
  end
  return vectors
end

return label_file
