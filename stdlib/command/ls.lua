--- `moonlab ls [QUERY ...]`: the runs of the store that fit a query, with what they reached and what tells them apart.
-- A run whose process is gone without a word is "killed"; one that only showed that everything works says "smoke".
local command_line = require "command_line"
local csv = require "csv"
local json = require "json_text"
local run_columns = require "run_columns"
local run_index = require "run_index"
local run_query = require "run_query"
local runner = require "runner"
local system = require "host.system"
local tabulate = require "tabulate"

local kOnTerminal = 40 -- runs that a terminal is shown unless --limit says otherwise

-- A run as an object: fields, parameters, the last value of each metric.
local function object(run)
  local pairs_list = {}
  for _, key in ipairs(run_query.fields) do
    local value = run[key]
    if key == "smoke" then value = value == 1 or nil end
    if value ~= nil then pairs_list[#pairs_list + 1] = { key, value } end
  end
  local metrics = {}
  for i, key in ipairs(run.keys) do metrics[i] = { key, run.metrics[key] or json.null } end
  local params = {}
  for key, value in pairs(run.params) do params[#params + 1] = { key, value } end
  table.sort(params, function(a, b) return a[1] < b[1] end)
  pairs_list[#pairs_list + 1] = { "params", json.object(params) }
  pairs_list[#pairs_list + 1] = { "metrics", json.object(metrics) }
  return json.object(pairs_list)
end

local function write_json(runs)
  local lines = {}
  for i, run in ipairs(runs) do lines[i] = json.encode(object(run)) end
  io.stdout:write("[", table.concat(lines, ",\n "), "]\n")
end

-- A column for each field, parameter (param.NAME) and metric that any of the runs has.
local function write_csv(runs)
  local columns, seen = {}, {}
  local function add(title, value)
    if seen[title] then return end
    seen[title] = true
    columns[#columns + 1] = { title = title, value = value }
  end
  for _, key in ipairs(run_query.fields) do
    if key ~= "age" then add(key, function(run) return run[key] end) end
  end
  for _, kind in ipairs { "params", "metrics" } do
    local keys = {}
    for _, run in ipairs(runs) do
      for key in pairs(run[kind]) do keys[key] = true end
    end
    local list = {}
    for key in pairs(keys) do list[#list + 1] = key end
    table.sort(list)
    for _, key in ipairs(list) do
      add(kind == "params" and "param." .. key or key, function(run) return run[kind][key] or nil end)
    end
  end
  local rows = {}
  for i, run in ipairs(runs) do
    rows[i] = {}
    for c, one in ipairs(columns) do rows[i][c] = one.value(run) end
  end
  local header = {}
  for c, one in ipairs(columns) do header[c] = one.title end
  io.stdout:write(csv.text(header, rows))
end

-- "12,345"
local function count(n)
  local text = ("%d"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

-- "runs" or "runs match"
local function write_table(runs, query, index, asked)
  local terminal = system.isatty "stdout"
  local header, rows, align, left = run_columns.of(runs, query, terminal and system.terminal_width(80) or math.huge)
  local lines = { tabulate.text(header, rows, align) }
  if query.limit and #runs == query.limit then
    local all = index:count(query)
    if all > #runs then
      lines[#lines + 1] = ("%s %s of %s runs%s; --limit N shows more"):format(query.sort and "the first" or "the newest",
        count(#runs), count(all), asked and " that fit" or "")
    end
  end
  if #left > 0 and terminal then
    local text = "no room for " .. table.concat(left, ", ")
    lines[#lines + 1] = tabulate.cut(text, system.terminal_width(80))
    lines[#lines + 1] = "--columns KEY,... puts them first; --json and --csv give everything"
  end
  print(table.concat(lines, "\n"))
end

return {
  usage = "[QUERY ...] [--sort KEY] [--limit N]",
  summary = "the runs that fit a query, what they reached, how they differ",
  help = [[
  QUERY            conditions that all hold, in quotes because of the shell:
                     'top1>0.9 head=lwal* age<7d status=done'
                   KEY is a parameter, a metric or the end of its name, an
                   option by its path (optim.lr), or one of
                     id status name script tag seed age seconds epoch step
                     smoke sweep parent host started
                   with = != < <= > >=; * stands for anything, a comma
                   between values of which any fits (head=lwal,lwr). A word
                   alone is looked for in id, status, script, tag, overrides
  --sort KEY       smallest first; -KEY: largest first (--sort -top1)
  --limit N        the newest N, or the first N of a sorted list; on a
                   terminal 40 unless given
  --columns KEYS   these first: lr,model.head.dim
  --json, --csv    everything that is known of each run]],
  flags = { "--sort KEY", "--limit N", "--columns KEYS", "--json", "--csv" },
  main = function(_, words)
    local asked = #words > 0
    if words.json and words.csv then return command_line.complain("ls", "one of --json and --csv") end
    local store = runner.store()
    local index, changes = run_index.open(store)
    local limit = words.limit
    if not limit and not (words.json or words.csv) and system.isatty "stdout" then limit = kOnTerminal end
    if changes.runs == 0 and not (words.json or words.csv) then
      print("no runs in " .. store)
      return 0
    end
    local fine, query = command_line.attempt("ls", 2, run_query.parse, changes.runs > 0 and words or {}, index,
      { sort = changes.runs > 0 and words.sort or nil, columns = words.columns, limit = limit })
    if not fine then return query end
    if not (words.json or words.csv) then query.fields, query.varying = run_columns.fields, true end
    local runs = index:find(query)
    if words.json then
      write_json(runs)
    elseif words.csv then
      write_csv(runs)
    elseif #runs == 0 then
      print(("none of the %s runs in %s fits %s"):format(count(changes.runs), store, table.concat(words, " ")))
    else
      write_table(runs, query, index, asked)
    end
    return 0
  end,
}
