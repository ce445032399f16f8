local t = require "test"
local program = require "tests.program"
local provenance = require "provenance"
local system = require "host.system"

local function git(folder, ...)
  local process = system.spawn { "git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", "-c",
                                 "init.defaultBranch=main", ... }
  assert(process:wait(20) == 0, process:read_errors())
  return process:read()
end

local has_git = pcall(function() assert(system.spawn({ "git", "--version" }):wait(20) == 0) end)

t.test("the words of this process", function()
  local words = provenance.command_line()
  t.eq(words[1]:match "[^/]*$", system.executable():match "[^/]*$")
  t.ok(#words >= 2)
end)

t.test("a script that lies in no repository", function()
  local folder = program.folder { ["s.lua"] = "return 1" }
  t.eq(provenance.repository(folder .. "/s.lua"), nil)
  system.remove(folder)
end)

t.test("the commit, and what differs from it as a patch that git takes back", function()
  if not has_git then t.skip "no git on the PATH" end
  local folder = program.folder { ["s.lua"] = "return 1\n", ["other.lua"] = "return 2\n" }
  git(folder, "init", "-q")
  git(folder, "add", ".")
  git(folder, "commit", "-q", "-m", "first")
  local commit = git(folder, "rev-parse", "HEAD"):match "%x+"
  t.eq({ provenance.repository(folder .. "/s.lua") }, { { commit = commit, changed = 0 } })
  t.eq(provenance.repository(folder .. "/s.lua", true), { commit = commit })
  assert(system.write_atomic(folder .. "/s.lua", "return 3\n"))
  assert(system.write_atomic(folder .. "/new.lua", "return 4\n")) -- of nobody's history: its copy lies with the run
  local found, patch = provenance.repository(folder .. "/s.lua")
  t.eq(found, { commit = commit, changed = 1 })
  t.ok(patch:find("-return 1\n+return 3\n", 1, true), patch)
  assert(system.write_atomic(folder .. "/s.lua", "return 1\n"))
  assert(system.write_atomic(folder .. "/x.patch", patch))
  git(folder, "apply", "x.patch")
  t.eq(assert(io.open(folder .. "/s.lua")):read "*a", "return 3\n")
  git(folder, "pack-refs", "--all") -- references may stand in one file
  t.eq(provenance.repository(folder .. "/s.lua", true), { commit = commit })
  git(folder, "checkout", "-q", "--detach")
  t.eq(provenance.repository(folder .. "/s.lua", true), { commit = commit })
  git(folder, "worktree", "add", "-q", folder .. "/tree")
  t.eq(provenance.repository(folder .. "/tree/s.lua", true), { commit = commit })
  assert(system.write_atomic(folder .. "/s.lua", ("-- %s\n"):format(("x"):rep(100)):rep(12000)))
  found, patch = provenance.repository(folder .. "/s.lua")
  t.ok(found.too_large > 1e6 and patch == nil)
  system.remove(folder)
end)
