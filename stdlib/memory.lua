local host = require "host.tensor"

--- memory(count = 10): what tensors take, in bytes: `live` and `peak` of those that the script holds on the CPU, `device_live` and
-- `device_peak` on GPUs; `tensors`, `tensors_peak`, `device_tensors` of all there are, also those that only a graph or a layer
-- holds; `lua`, the script's own heap; `largest`, a list of the `count` largest storages with bytes, device and, from a
-- MB on, made_at: the line that made them.
-- @usage print(memory().tensors, #memory(3).largest <= 3)
return function(count) return host.memory(count) end
