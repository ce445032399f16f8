-- The scripts of papers: every row builds and runs a batch.
local t = require "test"
local catalogue = require "catalogue"
local system = require "host.system"

for _, case in ipairs {
  { "adaptive/mnist", "mnist" }, { "adaptive/fashion_mnist", "fashion-mnist" }, { "adaptive/cifar10", "cifar10" },
  { "adaptive/cifar100", "cifar100" }, { "label_embedding/mnist_mlp", "mnist" }, { "label_embedding/mnist_cnn", "mnist" },
  { "label_embedding/reuse", "mnist" }, { "label_embedding/cifar10", "cifar10" },
  { "label_embedding/cifar100", "cifar100" }, { "label_embedding/compressed", "clinc150" },
  { "representations/scratch", "fashion-mnist" }, { "representations/shares", "fashion-mnist" },
  { "representations/transfer", "fashion-mnist" },
} do
  local script, set = unpack(case)
  t.test(("every row of scripts/papers/%s.lua builds"):format(script), function()
    if not catalogue.find(set) then t.skip(("no %s in $MOONLAB_DATA"):format(set)) end
    local path = ("%s/scripts/papers/%s.lua"):format(MOONLAB_ROOT, script)
    local process = system.spawn { system.executable(), "check", path, "--json", environment = { OMP_NUM_THREADS = "1" } }
    local code = process:wait(300)
    local out, err = process:read(), process:read_errors()
    t.eq(code, 0, err)
    local rows = select(2, out:gsub("[^\n]+\n", "")) -- one of JSON each
    t.ok(rows >= 2, out)
  end)
end
