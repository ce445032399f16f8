--- Claims on trials: who runs which. A claim is a file that only one process can make (O_EXCL); nobody removes or
-- changes one. A claim whose holder is gone is overtaken by the next of its number: HASH.1, HASH.2, ...
local liveness = require "liveness"
local system = require "host.system"

local claims = {}

-- Seconds after which a claim without a holder's name counts as one of a process that died while making it.
local UNSIGNED = 5

local function path_of(directory, name, number) return ("%s/%s.%d"):format(directory, name, number) end

local function write_mark(file, mark)
  file:write(("%d\t%s\t%s\t%s\n"):format(mark.pid, mark.began or "", mark.boot or "", mark.host))
  return file:close()
end

-- The mark in a claim; nil where there is no such claim, false where it is not signed (yet).
local function read_mark(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local line = file:read "*l"
  file:close()
  local pid, began, boot, host = (line or ""):match "^(%d+)\t(%d*)\t([^\t]*)\t([^\t]*)$"
  if not pid then return false end
  return { pid = tonumber(pid), began = began ~= "" and began or nil, boot = boot ~= "" and boot or nil, host = host }
end

local function same(a, b) return a.pid == b.pid and a.began == b.began and a.boot == b.boot and a.host == b.host end

--- Takes the claim of `name` in a folder for the process of `mark`.
-- @return true, and how many held it before; or false and the mark of the living holder ({} where it is not known yet)
function claims.take(directory, name, mark)
  local number = 1
  while true do
    local path = path_of(directory, name, number)
    local holder = read_mark(path)
    if holder == nil then
      local file, problem = io.open(path, "wx") -- x: fails where it is there
      if file then
        if not write_mark(file, mark) then error("cannot write " .. path, 0) end
        return true, number - 1
      elseif not problem:find("File exists", 1, true) then
        error(problem, 0)
      end
    elseif holder and same(holder, mark) then
      return true, number - 1
    elseif holder and not liveness.gone(holder) then
      return false, holder
    elseif holder == false then
      local stat = system.stat(path)
      if stat and system.time() - stat.modified < UNSIGNED then return false, {} end
      number = number + 1
    else
      number = number + 1
    end
  end
end

return claims
