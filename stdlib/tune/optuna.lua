--- Optuna's command line as the tuner: `optuna ask` for each trial, `optuna tell` for each result. The study is made
-- where it is not there; what Optuna keeps lies in its storage.
local canonical = require "language.canonical"
local space = require "tune.space"
local system = require "host.system"

local optuna = {}

local Optuna = {}
Optuna.__index = Optuna

-- Runs the command with further words; its output, or an error that says what it said last.
local function run(self, words)
  local spawn = { "/bin/sh", "-c", 'exec ' .. self.command .. ' "$@"', "optuna", environment = {} }
  for _, word in ipairs(words) do spawn[#spawn + 1] = word end
  for _, word in ipairs { "--storage", self.storage, "--study-name", self.study } do spawn[#spawn + 1] = word end
  local process = system.spawn(spawn)
  local code = process:wait(300)
  local out, errors = process:read(), process:read_errors()
  if code ~= 0 then
    local last
    for line in errors:gmatch "[^\n]+" do last = line:match "%S" and line or last end
    error({ message = ("%s %s: %s"):format(self.command, words[1], last or "exit code " .. tostring(code)) }, 0)
  end
  return out
end

--- @param o { command = "optuna", study, storage, sampler or nil, sampler_options = JSON or nil }
-- @param goal { entries = space, mode }
function optuna.new(o, goal)
  local self = setmetatable({ command = o.command, study = o.study, storage = o.storage, sampler = o.sampler,
                              sampler_options = o.sampler_options,
                              space = canonical.text(space.optuna(goal.entries)), queue = {}, asks = true }, Optuna)
  run(self, { "create-study", "--skip-if-exists", "--direction", goal.mode == "max" and "maximize" or "minimize" })
  return self
end

function Optuna:send(record)
  if record.ask then
    local words = { "ask", "-f", "json", "--search-space", self.space }
    if self.sampler then words[#words + 1], words[#words + 2] = "--sampler", self.sampler end
    if self.sampler_options then words[#words + 1], words[#words + 2] = "--sampler-kwargs", self.sampler_options end
    local asked = system.json(run(self, words))
    self.queue[#self.queue + 1] = { id = asked.number, params = asked.params }
  elseif record.state and record.state ~= "running" then
    local words = { "tell", "--trial-number", tostring(record.id) }
    if record.state == "complete" and record.value then
      words[#words + 1], words[#words + 2] = "--values", ("%.17g"):format(record.value)
      words[#words + 1], words[#words + 2] = "--state", "complete"
    else
      words[#words + 1], words[#words + 2] = "--state", record.state == "pruned" and "pruned" or "fail"
    end
    run(self, words)
  end
end

function Optuna:messages()
  local found = self.queue
  self.queue = {}
  return found
end

function Optuna:close() return 0 end

return optuna
