--- The last steps of an evaluation: from what a script returned to a configuration that is resolved and checked.

local canonical = require "language.canonical"
local node = require "language.node"
local overrides = require "language.overrides"
local resolve = require "language.resolve"
local sessions = require "language.session"
local site = require "language.site"
local tree = require "language.tree"
local types = require "language.types"

local completion = {}

-- Checks of several options together, for every node of the configuration.
local function check_nodes(root)
  tree.visit(root, function(container, _, _, _, value)
    if container or not node.is(value) then return end
    local done, problem, field = pcall(node.check, value)
    if not done then problem = tostring(problem):gsub("^[^\n]-:%d+: ", "") end
    if problem then
      local record = site.tables[value.args]
      local position = value.position
      for _, written in ipairs(field and record and record.keys or {}) do
        if written.key == field then position = written end
      end
      site.fail(position, node.title(value.kind) .. ": " .. problem)
    end
  end)
end

-- Functions must have a text, or two configurations that differ would look the same.
local function check_functions(session, root)
  local done, problem = pcall(canonical.text, root, { session = session })
  if done then return end
  if type(problem) ~= "table" then error(problem, 0) end
  local where = problem.fn and site.functions[problem.fn]
  local position = where and { file = where.source.name, line = where.line, column = where.column } or root.position
  local about = problem.fn and "this function cannot be written into the configuration: " or ""
  site.fail(position, about .. problem.problem)
end

-- seed and device reach the experiment unless its own table says otherwise; an override always does.
local function reserved_fields(session, root)
  local field = root.kind == "experiment" and root.declaration.spec.by_name.train
  local spec = field and field.type.spec
  local train = root.args.train
  if not (spec and type(train) == "table") then return end
  for _, name in ipairs { "seed", "device" } do
    local knob = session.knob_by_name[name]
    local overridden = false
    for _, override in ipairs(session.overrides) do
      overridden = overridden or override.key == name and not override.restore
    end
    local written = site.tables[train]
    local given = false
    for _, key in ipairs(written and written.keys or {}) do given = given or key.key == name end
    if spec.by_name[name] and (overridden or not given) then
      train[name] = knob.value
      if types.deferred[train] then types.deferred[train][name] = nil end
    end
  end
end

--- Makes the configuration below `root` final: seed and device, overrides, functions, and what must hold together.
-- Of a sweep or an ablation, overrides of what is no field of it are left to its base.
-- unwritten: functions need no text (of what is typed at the prompt there is none).
function completion.run(session, root, unwritten)
  reserved_fields(session, root)
  local has_base = root.kind ~= "experiment"
  for _, override in ipairs(session.overrides) do
    local first = override.key:match "^[^.%[]+"
    if not override.used and not (has_base and not root.declaration.spec.by_name[first]) then
      override.used = true
      overrides.apply(session, root, override)
      if override.restore and override.key == "train" then reserved_fields(session, root) end
    end
  end
  resolve.all(root, function(fn, ...) return sessions.guarded(session, fn, ...) end)
  if #session.errors == 0 then check_nodes(root) end
  if #session.errors == 0 and not unwritten then check_functions(session, root) end
end

return completion
