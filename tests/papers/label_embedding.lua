-- The scripts of the label-embedding paper: every row builds and runs a batch.
local t = require "test"
local catalogue = require "catalogue"
local system = require "host.system"

for _, case in ipairs { { "mnist_mlp", "mnist" }, { "mnist_cnn", "mnist" }, { "reuse", "mnist" },
                        { "cifar10", "cifar10" }, { "cifar100", "cifar100" }, { "compressed", "clinc150" } } do
  local script, set = unpack(case)
  t.test(("every row of scripts/papers/label_embedding/%s.lua builds"):format(script), function()
    if not catalogue.find(set) then t.skip(("no %s in $MOONLAB_DATA"):format(set)) end
    local path = ("%s/scripts/papers/label_embedding/%s.lua"):format(MOONLAB_ROOT, script)
    local process = system.spawn { system.executable(), "check", path, environment = { OMP_NUM_THREADS = "1" } }
    local code = process:wait(300)
    local out, err = process:read(), process:read_errors()
    t.eq(code, 0, err)
    local rows = select(2, out:gsub("row '", ""))
    t.ok(rows >= 2, out)
    t.eq(select(2, out:gsub("fine: everything builds", "")), rows)
  end)
end
