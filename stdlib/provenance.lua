--- Where a run comes from, beside its configuration: command line, versions, the state of the repository that its script
-- lies in, fingerprints of the data, values of the script's parameters. Written down once, when a run begins.
local system = require "host.system"

local provenance = {}

local kLargestPatch = 1e6 -- bytes; a larger one is generated files or data, and is only told

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

local function line_of(path) return (read(path) or ""):match "^[^\r\n]*" end

--- The words of this process's command line, the program's path first.
function provenance.command_line()
  local words = {}
  for word in (read "/proc/self/cmdline" or ""):gmatch "([^%z]*)%z" do words[#words + 1] = word end
  return words
end

-- The folder of the repository that holds a file, or nil; and the folder of its own state (a worktree's is elsewhere).
local function repository(file)
  local folder = system.absolute(file):match "^(.*)/[^/]*$"
  while folder and folder ~= "" do
    local stat = system.stat(folder .. "/.git")
    if stat and stat.kind == "folder" then return folder, folder .. "/.git" end
    if stat then
      local elsewhere = line_of(folder .. "/.git"):match "^gitdir: (.+)$"
      if elsewhere then return folder, elsewhere:match "^/" and elsewhere or folder .. "/" .. elsewhere end
    end
    folder = folder:match "^(.*)/[^/]*$"
  end
end

-- The commit that is checked out, read from git's files: no process is started for it.
local function commit_of(state)
  local head = line_of(state .. "/HEAD")
  local name = head:match "^ref: (.+)$"
  if not name then return head:match "^%x+$" and head or nil end
  local shared = line_of(state .. "/commondir") -- where a worktree's references are
  local root = shared == "" and state or shared:match "^/" and shared or state .. "/" .. shared
  local commit = line_of(root .. "/" .. name)
  if commit ~= "" then return commit end
  for line in (read(root .. "/packed-refs") or ""):gmatch "[^\n]+" do
    local packed, packed_name = line:match "^(%x+) (.+)$"
    if packed_name == name then return packed end
  end
end

-- What `git ARGS` prints in a folder; nil where there is no git or it refuses.
local function git(folder, ...)
  local started, process = pcall(system.spawn, { "git", "-C", folder, ... })
  if not started then return nil end
  if process:wait(10) == 0 then return process:read() end
  process:kill "KILL"
end

--- The repository of a script: { commit, changed = files that differ from it, too_large = bytes of a patch that is not kept
-- } or nil where there is none; and the patch from that commit to what ran.
-- @param brief only the commit: what costs no process
function provenance.repository(script, brief)
  local folder, state = repository(script)
  local commit = folder and commit_of(state)
  if not commit then return nil end
  local found = { commit = commit }
  if brief then return found end
  local status = git(folder, "status", "--porcelain", "--untracked-files=no")
  if not status then return found end
  found.changed = 0
  for _ in status:gmatch "[^\n]+" do found.changed = found.changed + 1 end
  if found.changed == 0 then return found end
  local patch = git(folder, "diff", "--no-color", "--no-ext-diff", "--binary", "HEAD")
  if patch and #patch > kLargestPatch then
    found.too_large = #patch
    return found
  end
  return found, patch
end

--- What meta.json holds of this: { argv, versions, git, data, params }, and the patch, or nil.
-- @param result what language.evaluate gave
-- @param made what was built of it (its data's fingerprints), or nil
-- @param brief for one trial among many: see repository
function provenance.of(result, made, brief)
  local script = result.files[1] and result.files[1].path
  local there = script and system.stat(script)
  local found, patch
  if there then found, patch = provenance.repository(script, brief) end
  local params = {}
  for _, knob in ipairs(result.knobs) do
    local kind = type(knob.value)
    if kind == "number" or kind == "string" or kind == "boolean" then params[knob.name] = knob.value end
  end
  return {
    argv = provenance.command_line(), versions = system.versions(), git = found, params = params,
    data = made and made.data.fingerprints and made.data:fingerprints() or nil,
  }, patch
end

return provenance
