-- Runs the specs: tests/{bindings,stdlib,cli,papers}/*.lua, each in a process of its own, so that a crash is a failure
-- with a name and one spec's state is not another's. Prints every failure in full, and last the plain line
-- `N passed, N failed, N skipped`; exit code 1 where something failed.
--
--     moonlab tests/run.lua [NAME ...] [--jobs N] [--root FOLDER] [--passed N] [--failed N] [--skipped N]
--
-- A NAME keeps the specs whose path holds it. --passed, --failed and --skipped are counts of tests that ran before (the
-- host's unit tests), added to the last line. --root is the folder that holds tests/ and in which the specs run.

local system = require "host.system"

local folders = { "bindings", "stdlib", "cli", "papers" }
local limit = 1200 -- seconds for one file

local function fail(message)
  io.stderr:write("tests/run.lua: ", message, "\n")
  os.exit(2)
end

local function read_arguments(words)
  local options = { names = {}, root = MOONLAB_ROOT, jobs = system.cpu_count(), passed = 0, failed = 0, skipped = 0 }
  local i = 1
  while i <= #words do
    local flag, value = words[i]:match "^%-%-(%a+)=?(.*)$"
    if flag then
      if value == "" then
        i = i + 1
        value = words[i]
      end
      if flag == "file" or flag == "root" then
        options[flag] = value
      elseif type(options[flag]) == "number" then
        options[flag] = tonumber(value) or fail(("--%s must be a number, got '%s'"):format(flag, tostring(value)))
      else
        fail(("unknown flag '--%s' (--jobs, --root, --passed, --failed, --skipped)"):format(flag))
      end
    else
      options.names[#options.names + 1] = words[i]
    end
    i = i + 1
  end
  return options
end

local function find_specs(root, names)
  local specs = {}
  for _, folder in ipairs(folders) do
    for _, file in ipairs(system.list(root .. "/tests/" .. folder) or {}) do
      local path = "tests/" .. folder .. "/" .. file
      local wanted = #names == 0
      for _, name in ipairs(names) do wanted = wanted or path:find(name, 1, true) ~= nil end
      if file:match "%.lua$" and wanted then specs[#specs + 1] = path end
    end
  end
  return specs
end

local function start(root, path)
  local process = system.spawn {
    -- several specs at a time: threads of one that wait by spinning would slow the others
    environment = { OMP_NUM_THREADS = "1" },
    system.executable(), MOONLAB_ROOT .. "/tests/run.lua", "--file", path,
    directory = root, merge_errors = true,
  }
  return { path = path, process = process, output = {}, started = system.clock() }
end

-- What a finished spec amounts to: its counts, and the text to print, which is empty where all is well.
local function judge(spec, code, signal)
  local output = table.concat(spec.output)
  local passed, failed, skipped = output:match "(%d+) passed, (%d+) failed, (%d+) skipped%s*$"
  local result = { passed = tonumber(passed) or 0, failed = tonumber(failed) or 0, skipped = tonumber(skipped) or 0 }
  local problem
  if spec.overdue then
    problem = ("ran longer than %d s and was ended"):format(limit)
  elseif signal then
    problem = "ended by signal " .. signal
  elseif not passed then
    problem = ("ended with exit code %d and no count"):format(code)
  elseif code ~= 0 and result.failed == 0 then
    problem = ("ended with exit code %d though no test failed"):format(code)
  end
  if problem then
    result.failed = result.failed + 1
    output = output .. spec.path .. ": " .. problem .. "\n"
  end
  local text = {}
  if result.failed > 0 then
    text[1] = output
  else
    for line in output:gmatch "[^\n]+" do
      if line:match "^skipped:" then text[#text + 1] = "  " .. line .. "\n" end
    end
  end
  result.text = table.concat(text)
  return result
end

local function run(options)
  local total = { passed = options.passed, failed = options.failed, skipped = options.skipped }
  local waiting, running = find_specs(options.root, options.names), {}
  if #waiting == 0 and #options.names > 0 then fail("no spec's path holds " .. table.concat(options.names, " or ")) end
  while #waiting > 0 or #running > 0 do
    while #waiting > 0 and #running < options.jobs do running[#running + 1] = start(options.root, table.remove(waiting, 1)) end
    local processes = {}
    for i, spec in ipairs(running) do processes[i] = spec.process end
    system.wait_any(processes, 1)
    if system.interrupts() > 0 then
      for _, spec in ipairs(running) do spec.process:kill "KILL" end
      return 130
    end
    for i = #running, 1, -1 do
      local spec = running[i]
      local code, signal = spec.process:poll()
      spec.output[#spec.output + 1] = spec.process:read()
      if code then
        table.remove(running, i)
        local result = judge(spec, code, signal)
        for key, count in pairs(total) do total[key] = count + result[key] end
        print(("%-6s %-40s %4d passed%s%s  %.1f s"):format(result.failed > 0 and "FAILED" or "ok", spec.path,
          result.passed, result.failed > 0 and (", %d failed"):format(result.failed) or "",
          result.skipped > 0 and (", %d skipped"):format(result.skipped) or "", system.clock() - spec.started))
        io.write(result.text)
        io.flush()
      elseif not spec.overdue and system.clock() - spec.started > limit then
        spec.overdue = true
        spec.process:kill "KILL"
      end
    end
  end
  print(("%d passed, %d failed, %d skipped"):format(total.passed, total.failed, total.skipped))
  return total.failed == 0 and 0 or 1
end

local function main(words)
  local options = read_arguments(words)
  if options.file then return require "test".run { options.file } end
  system.on_interrupt "finish"
  return run(options)
end

-- As a program it runs; the command `test` takes the function.
if arg and arg[0] and arg[0]:match "run%.lua$" then os.exit(main(arg)) end
return main
