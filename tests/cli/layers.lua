-- The layers of the program, checked over the #include lines: dependencies point downward only; no Lua header in host/
-- but in host/app; no operator header and no <cmath> in bindings/, nor in the host headers that bindings include.
local t = require "test"
local system = require "host.system"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Every C++ file below a folder: path from the root -> text.
local function collect(folder, files)
  for _, name in ipairs(assert(system.list(MOONLAB_ROOT .. "/" .. folder))) do
    local path = folder .. "/" .. name
    if system.stat(MOONLAB_ROOT .. "/" .. path).kind == "folder" then
      collect(path, files)
    elseif name:match "%.[ch]pp$" then
      files[path] = read(MOONLAB_ROOT .. "/" .. path)
    end
  end
  return files
end

local function includes(text)
  local found, number = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local name = line:match '^%s*#%s*include%s*[<"]([^>"]+)[>"]'
    if name then found[#found + 1] = { name = name, line = number } end
  end
  return found
end

-- What each folder of host/ may use, itself and all below, as CMakeLists.txt links them.
local function layers_of(cmake)
  local direct, order = { core = {} }, { "core" }
  for folder, libraries in cmake:gmatch "\nhost_library%((%w+) ([^)]*)%)" do
    direct[folder], order[#order + 1] = {}, folder
    for library in libraries:gmatch "moonlab_(%w+)" do table.insert(direct[folder], library) end
  end
  local allowed = {}
  for _, folder in ipairs(order) do
    allowed[folder] = { [folder] = true }
    for _, lower in ipairs(direct[folder]) do
      assert(allowed[lower], ("CMakeLists.txt: %s links %s, which stands below it"):format(folder, lower))
      for name in pairs(allowed[lower]) do allowed[folder][name] = true end
    end
  end
  return allowed
end

local function folder_of(path)
  return path:match "^host/(%w+)/" or path:match "^host/[%w_]+%.[ch]pp$" and "core" or path:match "^(bindings)/"
end

local function is_lua(name) return name:match "^lua[%w]*%.hp*$" or name == "lauxlib.h" end

local function is_operator(name)
  return name:match "^ATen/ops/" or name == "ATen/ATen.h" or name:match "^ATen/%w*Functions%.h$" or name == "torch/torch.h"
end

local function is_mathematics(name) return name == "cmath" or name == "math.h" or name == "complex" or name == "numeric" end

-- All breaches as "file:line: what".
local function breaches(files, allowed)
  local found = {}
  local function breach(path, include, text)
    found[#found + 1] = ("%s:%d: %s: %s"):format(path, include.line, include.name, text)
  end
  -- host headers that a binding sees, directly or through another
  local seen = {}
  local function see(path)
    if seen[path] or not files[path] then return end
    seen[path] = true
    for _, include in ipairs(includes(files[path])) do see(include.name) end
  end
  for path, text in pairs(files) do
    local folder, app = folder_of(path), path:match "^host/app/" ~= nil
    for _, include in ipairs(includes(text)) do
      local name, target = include.name, folder_of(include.name)
      if name == "torch/torch.h" or name:match "^torch/nn" then breach(path, include, "costs far too much to compile") end
      if folder == "bindings" then
        if target == "app" then breach(path, include, "a binding must not know the program") end
        if target and target ~= "bindings" then see(name) end
        if is_operator(name) then breach(path, include, "a binding includes no operator header") end
        if is_mathematics(name) then breach(path, include, "a binding does no mathematics") end
      elseif not app then
        if is_lua(name) then breach(path, include, "the host knows no Lua") end
        if target == "bindings" or target == "app" then breach(path, include, "an include upward") end
        if target and target ~= "bindings" and target ~= "app" and not (allowed[folder] and allowed[folder][target]) then
          breach(path, include, ("%s does not stand above %s"):format(folder, target))
        end
      end
    end
  end
  for path in pairs(seen) do
    for _, include in ipairs(includes(files[path])) do
      if is_operator(include.name) then breach(path, include, "bindings see this header: no operator header in it") end
    end
  end
  table.sort(found)
  return found
end

local allowed = layers_of(read(MOONLAB_ROOT .. "/CMakeLists.txt"))

t.test("the layers are read from the build", function()
  t.ok(allowed.label and allowed.label.graph and allowed.label.nn and allowed.label.core)
  t.ok(not allowed.graph.label and not allowed.core.tensor)
end)

t.test("every include points downward", function()
  local files = collect("bindings", collect("host", {}))
  t.ok(files["host/error.hpp"] and files["bindings/lua.hpp"] and files["host/app/main.cpp"], "the sources are found")
  t.eq(breaches(files, allowed), {})
end)

t.test("every folder of host/ is a layer of the build", function()
  for _, name in ipairs(assert(system.list(MOONLAB_ROOT .. "/host"))) do
    if system.stat(MOONLAB_ROOT .. "/host/" .. name).kind == "folder" and name ~= "app" then
      t.ok(allowed[name], "host/" .. name .. " has no host_library line in CMakeLists.txt")
    end
  end
end)

t.test("each kind of breach is found", function()
  local function one(path, text, more)
    local files = { [path] = text }
    for key, value in pairs(more or {}) do files[key] = value end
    return table.concat(breaches(files, allowed), "\n")
  end
  t.eq(one("host/graph/a.cpp", '#include <vector>\n#include <lua.h>\n'), "host/graph/a.cpp:2: lua.h: the host knows no Lua")
  t.eq(one("host/graph/a.hpp", '#include "host/label/b.hpp"'),
    "host/graph/a.hpp:1: host/label/b.hpp: graph does not stand above label")
  t.eq(one("host/error.cpp", '#include "host/tensor/b.hpp"'),
    "host/error.cpp:1: host/tensor/b.hpp: core does not stand above tensor")
  t.eq(one("host/run/a.cpp", '#include "bindings/lua.hpp"'), "host/run/a.cpp:1: bindings/lua.hpp: an include upward")
  t.eq(one("bindings/a.cpp", "#include <ATen/ops/add.h>"),
    "bindings/a.cpp:1: ATen/ops/add.h: a binding includes no operator header")
  t.eq(one("bindings/a.cpp", "  # include <cmath>"), "bindings/a.cpp:1: cmath: a binding does no mathematics")
  t.eq(one("bindings/a.cpp", '#include "host/app/repl.hpp"'),
    "bindings/a.cpp:1: host/app/repl.hpp: a binding must not know the program")
  t.eq(one("bindings/a.cpp", '#include "host/nn/a.hpp"', { ["host/nn/a.hpp"] = "#include <ATen/ATen.h>" }),
    "host/nn/a.hpp:1: ATen/ATen.h: bindings see this header: no operator header in it")
  t.eq(one("host/nn/a.cpp", "#include <torch/nn.h>"), "host/nn/a.cpp:1: torch/nn.h: costs far too much to compile")
  t.eq(one("host/app/a.cpp", '#include <lua.h>\n#include "bindings/lua.hpp"'), "")
end)
