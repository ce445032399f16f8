--- What help says about classes of optimizers and schedules: the signature and the comment in their file.
local is_tensor = require "host.tensor".is_tensor

local describe = {}

-- The comment lines that end above the first line that holds `mark`; without a mark those at the top of the file.
local function comment(module, mark)
  local file = io.open(package.searchpath(module, package.path) or "")
  if not file then return "" end
  local lines = {}
  for line in file:lines() do
    if mark and line:find(mark, 1, true) then break end
    local text = line:match "^%-%-%-?%s?(.*)$"
    if text then
      lines[#lines + 1] = text
    elseif not mark then
      break
    else
      lines = {}
    end
  end
  file:close()
  return table.concat(lines, "\n")
end

local words = { [true] = "True", [false] = "False" }

local function value(x)
  if x == nil or x == torch.None then return "None" end
  if type(x) == "boolean" then return words[x] end
  if type(x) == "string" then return "'" .. x .. "'" end
  if type(x) ~= "table" or is_tensor(x) then return tostring(x) end
  local parts = {}
  for i, item in ipairs(x) do parts[i] = value(item) end
  return "(" .. table.concat(parts, ", ") .. ")"
end

--- @return text about a class of optimizers, whose file's module is given
function describe.optimizer(class, module)
  local parts = { "params" }
  for _, field in ipairs(class.fields) do parts[#parts + 1] = field[1] .. "=" .. value(field[2]) end
  return ("torch.optim.%s(%s)\n%s\n\n%s"):format(class.name, table.concat(parts, ", "), comment(module),
    "step(closure), zero_grad(), param_groups, add_param_group{ params = ... }, state_dict(), load_state_dict(t),\n"
      .. "register_step_pre_hook(f), register_step_post_hook(f)")
end

--- @return text about a class of schedules, which stands in that module
function describe.schedule(name, signature, module)
  local text = signature and signature:gsub("%(", "(optimizer, ", 1) or name
  return ("torch.optim.lr_scheduler.%s\n%s\n\nstep(), get_last_lr(), state_dict(), load_state_dict(t)"):format(text,
    comment(module, "." .. name .. " = "))
end

return describe
