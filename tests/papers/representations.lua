-- The scripts of the paper on representations of labels: every row builds and runs a batch.
local t = require "test"
local catalogue = require "catalogue"
local system = require "host.system"

for _, case in ipairs { { "scratch", "fashion-mnist" }, { "shares", "fashion-mnist" }, { "transfer", "fashion-mnist" } } do
  local script, set = unpack(case)
  t.test(("every row of scripts/papers/representations/%s.lua builds"):format(script), function()
    if not catalogue.find(set) then t.skip(("no %s in $MOONLAB_DATA"):format(set)) end
    local path = ("%s/scripts/papers/representations/%s.lua"):format(MOONLAB_ROOT, script)
    local process = system.spawn { system.executable(), "check", path, environment = { OMP_NUM_THREADS = "1" } }
    local code = process:wait(300)
    local out, err = process:read(), process:read_errors()
    t.eq(code, 0, err)
    local rows = select(2, out:gsub("row '", ""))
    t.ok(rows >= 2, out)
    t.eq(select(2, out:gsub("fine: everything builds", "")), rows)
  end)
end
