--- `moonlab help [COMMAND]`: what the program can do; the list is the folder of commands.
local command_line = require "command_line"
local wrapped = require "help".wrapped

local function all()
  print [[
Moonlab: experiments on labels, declared in Lua on LibTorch.

  moonlab                      a prompt
  moonlab FILE.lua [args]      run a Lua program with the whole host at hand
  moonlab -e CODE [args]       run a text
  moonlab COMMAND ...          one of the commands below

Commands:]]
  for _, name in ipairs(command_line.names()) do
    local loaded, module = pcall(command_line.load, name)
    local summary = loaded and module.summary or "does not load: " .. tostring(module):match "^[^\n]*"
    local lines = wrapped(summary, 80 - 13)
    print(("  %-10s %s"):format(name, (lines:gsub("\n%s*", "\n" .. (" "):rep(13)))))
  end
  print [[

Flags: --help, --version, --debug (errors carry LibTorch's C++ backtrace).
`moonlab help COMMAND` tells more.]]
  return 0
end

return {
  usage = "[COMMAND]",
  summary = "this list, or what one command takes",
  flags = {},
  main = function(args)
    local name = args[1]
    if not name then return all() end
    local there = false
    for _, candidate in ipairs(command_line.names()) do there = there or candidate == name end
    if not there then return command_line.unknown(name) end
    local module = command_line.load(name)
    print(("moonlab %s %s"):format(name, module.usage or ""))
    print("  " .. module.summary)
    if module.help then print("\n" .. module.help) end
    return 0
  end,
}
