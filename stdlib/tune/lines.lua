--- A tuner that speaks lines of JSON: over our own standard input and output, or as a process that we start.
--
-- It says      {"params": {"lr": 0.01}, "id": 7, "seed": 1}   a trial to run; id and seed may be left out
--              {"stop": 7}                                    end that trial, it is pruned
--              {"done": true}                                 no further trials; the end of its output says the same
-- It is told   {"space": {...}, "metric": "val.top1", "mode": "max"}   once, at the start
--              {"ask": 7}                                     (a process that we start) parameters are wanted, to be
--                                                             answered by a line with params
--              {"id": 7, "state": "running", "epoch": 1, "values": {"val.top1": 0.8}}
--              {"id": 7, "state": "complete", "value": 0.9, "values": {...}, "intermediate": [[1, 0.8], ...], "params": ...}
--              with state "pruned", "failed" or "diverged" and "error" where it did not end well
local canonical = require "language.canonical"
local ffi = require "ffi"
local system = require "host.system"

ffi.cdef [[
  typedef struct { int fd; short events; short revents; } moonlab_pollfd;
  int poll(moonlab_pollfd*, unsigned long, int);
  long read(int, void*, size_t);
]]

local lines = {}

local Lines = {}
Lines.__index = Lines

-- What has arrived on our standard input, without waiting; nil at its end.
local buffer = ffi.new("char[65536]")
local function read_input()
  local descriptor = ffi.new("moonlab_pollfd[1]", { { 0, 1, 0 } })
  if ffi.C.poll(descriptor, 1, 0) <= 0 then return "" end
  local count = ffi.C.read(0, buffer, 65536)
  if count <= 0 then return nil end
  return ffi.string(buffer, tonumber(count))
end

--- Over standard input and output.
function lines.standard()
  return setmetatable({ pending = "", asks = false, read = read_input, write = function(text)
    io.stdout:write(text)
    io.stdout:flush()
  end }, Lines)
end

--- A command that is started with the shell. Its standard error is ours.
function lines.command(command)
  local process = system.spawn { "/bin/sh", "-c", command, input = true, environment = {} }
  local self
  self = setmetatable({ pending = "", asks = true, process = process, command = command, read = function()
    local code = process:poll()
    io.stderr:write(process:read_errors())
    local text = process:read()
    if text == "" and code then
      self.code = code
      return nil
    end
    return text
  end, write = function(text) return process:write(text) end }, Lines)
  return self
end

function Lines:send(record) self.write(canonical.text(record) .. "\n") end

--- Messages that have arrived: a list of tables; lines that are none are answered and left out.
function Lines:messages()
  if self.ended then return {} end
  local text = self.read()
  if text == nil then
    self.ended = true
    text = self.pending ~= "" and "\n" or ""
  end
  self.pending = self.pending .. text
  local found = {}
  while true do
    local line, rest = self.pending:match "^([^\n]*)\n(.*)$"
    if not line then return found end
    self.pending = rest
    if line:match "%S" then
      local read, message = pcall(system.json, line)
      if read and type(message) == "table" then
        found[#found + 1] = message
      else
        self:send { error = ("not a line of JSON: %s"):format(#line > 200 and line:sub(1, 200) .. "..." or line) }
        self.mistaken = true
      end
    end
  end
end

--- Lets a process that we started end.
function Lines:close()
  if not self.process then return 0 end
  self.process:close_input()
  local code = self.process:wait(10)
  if not code then
    self.process:kill "TERM"
    code = self.process:wait(5)
  end
  io.stderr:write(self.process:read_errors())
  return code or 1
end

return lines
