--- `moonlab version`: the same line as `moonlab --version`.
local system = require "host.system"

return {
  usage = "",
  summary = "the versions of this program, LibTorch and LuaJIT",
  flags = {},
  main = function()
    return (system.spawn { system.executable(), "--version", inherit = true }:wait())
  end,
}
