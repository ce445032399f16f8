--- `moonlab doctor`: what this installation stands on and what it finds, each line fine or with what to do.
local system = require "host.system"

local problems = 0

local function line(what, text) print(("%-12s %s"):format(what, text)) end

local function problem(what, text)
  problems = problems + 1
  line(what, "PROBLEM: " .. text)
end

local function megabytes(bytes) return ("%.0f MB"):format(bytes / 1e6) end

-- A folder that must take files.
local function writable(what, folder, variable)
  local probe, there = folder .. "/.moonlab-doctor", system.stat(folder)
  local made, reason = system.mkdir(folder)
  if made then made, reason = system.write_atomic(probe, "") end
  if not made then return problem(what, ("cannot write: %s; set %s to a folder of yours"):format(reason, variable)) end
  system.remove(there and probe or folder) -- leaves nothing that was not there
  line(what, folder)
end

local function found_on_path(program)
  for folder in (os.getenv "PATH" or ""):gmatch "[^:]+" do
    if system.stat(folder .. "/" .. program) then return folder .. "/" .. program end
  end
end

local function libtorch()
  for mapping in io.lines "/proc/self/maps" do
    local path = mapping:match "(/%S*)/libtorch_cpu%.so"
    if path then return path end
  end
end

return {
  usage = "",
  summary = "what this installation stands on, and what is missing",
  flags = {},
  main = function()
    problems = 0
    local version = system.spawn { system.executable(), "--version" }
    version:wait()
    line("version", version:read():match "^[^\n]*")
    line("program", system.executable())
    line("LibTorch", libtorch() or "?")
    line("processors", tostring(system.cpu_count()))
    line("memory", megabytes((system.resident())) .. " resident at the start")
    line("devices", require "trial".device "auto" == "cpu" and "cpu" or "cuda, cpu")
    local catalogue = require "catalogue"
    writable("home", catalogue.home(), "MOONLAB_HOME")
    writable("runs", os.getenv "MOONLAB_STORE" or "runs", "MOONLAB_STORE")
    for folder in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do
      local stat = system.stat(folder)
      if stat and stat.kind == "folder" then line("data", folder)
      else problem("data", ("$MOONLAB_DATA names %s, which is no folder"):format(folder)) end
    end
    local dot = found_on_path "dot"
    line("graphviz", dot or "not there; optional, lays out label graphs: apt install graphviz")
    print(problems == 0 and "fine" or problems == 1 and "1 problem" or problems .. " problems")
    return problems == 0 and 0 or 1
  end,
}
