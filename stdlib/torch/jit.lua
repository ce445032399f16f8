--- torch.jit: archives of TorchScript as modules.
require "nn" -- what every module can do
local host = require "host.torch_script"

local jit = {}

--- torch.jit.load(path, { map_location = device }): a module saved by Python's torch.jit.save, frozen: in evaluation mode,
-- its parameters without gradient (m:train(), m:unfreeze() undo that). m(...) takes and gives what its forward says:
-- tensors, numbers, strings, lists and tuples as array tables, dicts as tables; a tuple comes back as several results;
-- keywords in a last table. m:named_parameters(), m:state_dict(), m:to(), its parts by name as of any module;
-- m:invoke("method", ...), m:methods() and m:schema("method") for its other methods. Without map_location tensors go
-- where they were saved from.
-- Errors: no such file, no TorchScript archive or a broken one, by name.
-- @usage local ok, why = pcall(torch.jit.load, "model.pt")
function jit.load(path, options)
  for key in pairs(options or {}) do
    if key ~= "map_location" and key ~= "device" then
      error(("torch.jit.load: unknown option '%s' (map_location)"):format(tostring(key)), 2)
    end
  end
  return host.load(path, options and (options.map_location or options.device) or nil)
end

return jit
