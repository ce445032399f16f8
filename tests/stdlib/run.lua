local t = require "test"
local run = require "host.run"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-run"

t.test("a run is written, found again and read", function()
  system.write_atomic(folder .. "/script.lua", "return 1\n")
  local made = run.create(folder .. "/runs", { name = "quick start", config = '{"lr":0.1}', meta = { argv = { "run" } },
                                               script = folder .. "/script.lua" })
  t.ok(made:id():match "^%d+%-%d+%-quick%-start%-%x%x%x%x$", made:id())
  t.eq(made:config(), { lr = 0.1 })
  t.eq(made:meta().argv, { "run" })
  t.eq(made:read "script.lua", "return 1\n")
  made:add_metrics { step = 1, ["train.loss"] = 0.5 }
  made:add_metrics { step = 2, ["train.loss"] = 0 / 0 }
  t.eq(made:metrics(), { { step = 1, ["train.loss"] = 0.5 }, { step = 2 } })
  made:cut_metrics(1)
  t.eq(#made:metrics(), 1)
  made:set_status "done"
  t.eq(run.list(folder .. "/runs"), { { id = made:id(), status = "done" } })
  t.eq(run.open(folder .. "/runs", "last"):path(), made:path())
  made:log "a line"
  made:set_error "it broke"
  t.eq(made:status(), "failed")
  t.eq(made:read "error.txt", "it broke\n")
  t.eq(made:place "artifacts/x/graph.svg", made:path() .. "/artifacts/x/graph.svg")
  t.raises(function() run.open(folder .. "/runs", "2020") end, "no run '2020' in")
  t.raises(function() run.create(folder, { nmae = "x" }) end, "did you mean 'name'?")
end)

t.test("a store on a place that cannot be written says which and why", function()
  t.raises(function() run.create(folder .. "/script.lua/runs", { name = "x" }) end,
    "cannot make folder " .. folder .. "/script.lua/runs")
end)

t.test("pictures are SVG, the same bytes each time", function()
  local graph = {
    title = "digits",
    nodes = { { name = "root", groups = { "root" } }, { name = "1", groups = { "A", "B" }, block = "b" },
              { name = "2", block = "b" } },
    edges = { { "root", "1" }, { "root", "2" } },
    paths = { { nodes = { "root", "1" }, count = 7, deterministic = false } },
  }
  local svg = run.graph_picture(graph)
  t.ok(svg:match "^<svg .*</svg>\n$")
  t.ok(svg:find(">7<", 1, true))
  t.eq(run.graph_picture(graph), svg)
  t.raises(function() run.graph_picture { nodes = {}, edges = { { "a", "b" } } } end, "edge 1: no node 'a'")
end)

t.test("sha256 of text and of a file", function()
  local digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
  t.eq(run.sha256 "abc", digest)
  system.write_atomic(folder .. "/abc", "abc")
  t.eq(run.sha256_file(folder .. "/abc"), digest)
end)

system.remove(folder)
