--- A process that runs trial after trial, so that the program starts once and what trials share (decoded pictures,
-- cached features, the library) is read once. trial_process.lua starts it, by `moonlab -e`, and talks to it.
--
-- A line of its standard input is a trial: the word "trial", then a command of this program and its words (run,
-- --trial, x.lua, seed=1), separated by tabs; in a word \t, \n and \\ stand for a tab, an end of line and a backslash.
-- What the trial writes is what its own process would write. Its end is the line "end", a tab and the exit code; a
-- second tab and "leaving" say that the worker takes no further trial: this one failed or was interrupted, left
-- something behind, or memory has grown.
--
-- The line "together" and, for each, the smoothing of its labels announces that the following lines are trials to be
-- trained together (vectorized.lua). What one of them writes is marked with its place: "@2<tab>metric...", "@2!<tab>"
-- and the text of an error, written like a word; "@2<tab>end<tab>0" is its end, and "end" as above that of all.
--
-- Before each trial everything that the one before may have changed is put back: random streams, LibTorch's settings,
-- the globals of Lua and the functions of torch and nn. Modules stay, with what they keep by content: datasets as they
-- were read, features, hashes of files. tests/cli/warm_worker.lua compares what is trained with fresh processes, bit by
-- bit.
local system = require "host.system"

local trial_worker = {}

--- Bytes by which the memory of a worker may have grown since its first trial.
trial_worker.growth = 2 ^ 30

--- "a<tab>b" -> "a\tb" in four letters, and back.
function trial_worker.escape(word)
  return (word:gsub("[\\\t\n]", { ["\\"] = "\\\\", ["\t"] = "\\t", ["\n"] = "\\n" }))
end

function trial_worker.unescape(word) return (word:gsub("\\(.)", { ["\\"] = "\\", t = "\t", n = "\n" })) end

--- { word, ... } -> a line, and back (nil where it is none of a trial).
function trial_worker.line(words)
  local parts = { "trial" }
  for _, word in ipairs(words) do parts[#parts + 1] = trial_worker.escape(word) end
  return table.concat(parts, "\t") .. "\n"
end

function trial_worker.words(line)
  local rest = line:match "^trial\t(.*)$"
  if not rest then return nil end
  local words = {}
  for word in (rest .. "\t"):gmatch "([^\t]*)\t" do words[#words + 1] = trial_worker.unescape(word) end
  return words
end

--- The line that announces trials to be trained together.
function trial_worker.together(smoothing)
  local parts = { "together" }
  for _, value in ipairs(smoothing) do parts[#parts + 1] = ("%.17g"):format(value) end
  return table.concat(parts, "\t") .. "\n"
end

-- LibTorch's settings of the process: a function that puts them back.
local function settings_now()
  local settings, autocast = require "host.settings", require "host.autocast"
  local threads, dtype, precision = settings.threads(), settings.dtype(), settings.matmul_precision()
  local deterministic, warns_only = settings.deterministic(), settings.warns_only()
  local fills = settings.fill_uninitialized()
  local flags, casts = {}, {}
  for _, name in ipairs(settings.flags()) do flags[name] = settings.flag(name) end
  for _, device in ipairs { "cpu", "cuda" } do
    casts[device] = { enabled = autocast.is_enabled(device), dtype = autocast.dtype(device) }
  end
  local random, grad = torch.get_rng_state(), torch.is_grad_enabled()
  return function()
    if torch.get_default_device() ~= "cpu" then torch.set_default_device "cpu" end
    settings.set_threads(threads)
    settings.set_dtype(dtype)
    settings.set_deterministic(deterministic, warns_only)
    settings.fill_uninitialized(fills)
    settings.flush_denormal(false)
    if settings.matmul_precision() ~= precision then settings.matmul_precision(precision) end
    for name, on in pairs(flags) do
      if settings.flag(name) ~= on then settings.flag(name, on) end
    end
    for device, cast in pairs(casts) do
      if autocast.is_enabled(device) ~= cast.enabled then autocast.set_enabled(device, cast.enabled) end
      if autocast.dtype(device) ~= cast.dtype then autocast.set_dtype(device, cast.dtype) end
    end
    torch.set_grad_enabled(grad)
    torch.autograd.set_detect_anomaly(false)
    torch.set_memory_limit(0)
    torch.set_rng_state(random)
  end
end

-- Tables of functions that a script's own functions can reach.
local function reachable()
  local nn = require "nn"
  return { _G, torch, torch.Tensor, torch.optim, torch.autograd, torch.utils, nn, nn.functional, math, string, table,
           bit }
end

-- What they hold now: a function that puts it back. Of what was added since, globals go; other names are found again
-- where they are among those that are loaded when first named, and stay where the library adds them to itself.
local function tables_now()
  local kept = {}
  for i, target in ipairs(reachable()) do
    kept[i] = { target = target, values = {} }
    for key, value in next, target do kept[i].values[key] = value end
  end
  return function()
    for _, entry in ipairs(kept) do
      local target, added = entry.target, {}
      for key, value in pairs(entry.values) do
        local differs = value == value and rawget(target, key) ~= value -- torch.nan differs from itself
        if differs then rawset(target, key, value) end
      end
      for key, value in next, target do
        if entry.values[key] == nil then added[key] = value end
      end
      for key, value in pairs(added) do
        rawset(target, key, nil)
        if target ~= _G then
          local found = target[key]
          if found == nil then found = value end
          rawset(target, key, found)
          entry.values[key] = found
        end
      end
    end
    package.loaded.worker = nil -- numbers the threads it started
  end
end

-- Hooks of every optimizer of the process: a trial that sets one leaves it behind.
local function watch_registrations()
  local set = false
  for _, name in ipairs { "register_optimizer_step_pre_hook", "register_optimizer_step_post_hook" } do
    local register = torch.optim[name]
    torch.optim[name] = function(...)
      set = true
      return register(...)
    end
  end
  return function() return set end
end

-- The most memory that this process has held is counted anew from here: what a pool reads is that of one trial.
local function forget_peak()
  local file = io.open("/proc/self/clear_refs", "w")
  if not file then return end
  file:write "5"
  file:close()
end

-- Runs one trial; its exit code.
local function alone(words)
  local done, code = xpcall(require "command_line".main, debug.traceback, words[1], { unpack(words, 2) })
  if done then return code end
  io.stderr:write(tostring(code), "\n")
  return 1
end

-- Writes the whole lines of a text, each behind a mark; what is torn waits in `self`.
local function marked(mark)
  local torn = ""
  return function(text)
    torn = torn .. text
    while true do
      local line, rest = torn:match "^([^\n]*\n)(.*)$"
      if not line then return end
      torn = rest
      io.stdout:write(mark, line)
    end
  end
end

-- The trials of the next lines, trained together: 0, or the exit code of one that failed.
local function together(announcement)
  local members, output = {}, io.stdout
  for value in announcement:gmatch "\t([^\t]+)" do
    local i = #members + 1
    local mark, write = ("@%d"):format(i), nil
    write = marked(mark .. "\t")
    local function saying(text) -- while a trial runs io.stdout is what it writes to
      local current = io.stdout
      io.stdout = output
      write(text)
      output:flush()
      io.stdout = current
    end
    members[i] = {
      words = trial_worker.words(io.stdin:read "*l" or "") or {}, smoothing = tonumber(value), write = saying,
      write_error = function(text) output:write(mark, "!\t", trial_worker.escape(text), "\n") end,
      ended = function(code)
        output:write(("%s\tend\t%d\n"):format(mark, code))
        output:flush()
      end,
    }
  end
  local worst = 0
  for _, code in pairs(require "vectorized".run(members, alone)) do worst = math.max(worst, code) end
  return worst
end

--- Runs the trials of standard input until it ends, one fails, or memory has grown too far.
function trial_worker.serve()
  system.on_interrupt "finish" -- a trial that is told to leave before it begins says so in the same way
  for _, name in ipairs { "runner", "trial", "command.run" } do require(name) end -- a fresh process has them as well
  local registered = watch_registrations()
  local restore_settings, restore_tables = settings_now(), tables_now()
  local first
  for line in io.stdin:lines() do
    local words, several = trial_worker.words(line), line:match "^together\t"
    if words or several then
      forget_peak()
      local code = several and together(line) or alone(words)
      restore_tables()
      restore_settings()
      collectgarbage()
      collectgarbage()
      local resident = system.resident()
      first = first or resident
      local leaving = code ~= 0 or registered() or system.interrupts() > 0 or resident - first > trial_worker.growth
      io.stderr:flush()
      io.stdout:write(("end\t%d%s\n"):format(code, leaving and "\tleaving" or ""))
      io.stdout:flush()
      if leaving then return code end
    end
  end
  return 0
end

return trial_worker
