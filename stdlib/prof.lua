--- Runs f(...) and prints its operators by time, with the memory that each allocated, and the lines of the script by
-- time, forward and backward apart. Returns the profile (torch.profiler.profile), whose results hold what f returned.
-- @usage prof(function() return torch.ones(100, 100):matmul(torch.ones(100, 100)) end)
return function(f, ...)
  local p = require "torch.profiler".profile()(f, ...)
  print(p:table())
  print ""
  print(p:line_table())
  return p
end
