--- `moonlab schema --json|--emmylua`: all constructors for other programs: a JSON Schema of config.json, stubs for
-- editors.
local canonical = require "language.canonical"
local command_line = require "command_line"
local system = require "host.system"

return {
  usage = "--json|--emmylua [-o FILE]",
  summary = "all constructors and options, as JSON Schema or as stubs for editors",
  help = [[
  --json          a JSON Schema (Draft 2020-12) of what config.json of a run
                  holds
  --emmylua       annotations (---@class, ---@field) for lua-language-server and
                  EmmyLua: a file in the workspace is enough, and an editor
                  completes adamw { ... } and knows wrong keys
  --script FILE   with what this script declares or has in folders beside it
  -o FILE         writes there instead]],
  flags = { "--json", "--emmylua", "--script FILE", "-o --output FILE" },
  main = function(_, words)
    if words[1] then return command_line.complain("schema", ("takes no '%s'; --json or --emmylua"):format(words[1])) end
    if not words.json == not words.emmylua then return command_line.complain("schema",
      "one of --json and --emmylua") end
    local schema = require "schema"
    local session
    if words.script then
      local language = require "language"
      local result, errors = language.evaluate(words.script, nil, { trials = false })
      if not result then
        io.stderr:write(language.format(errors), "\n")
        return 2
      end
      session = result.session
    end
    local text = schema.with_script(session, function()
      local kinds = schema.load_all()
      for kind in pairs(session and session.declared or {}) do kinds[#kinds + 1] = kind end
      table.sort(kinds)
      if words.json then return canonical.text(require "json_schema"(kinds), { indent = 2 }) end
      return require "editor_stubs"(kinds)
    end) .. "\n"
    if not words.output then
      io.stdout:write(text)
      return 0
    end
    local written, problem = system.write_atomic(words.output, text)
    if not written then return command_line.complain("schema", problem, 1) end
    print("written to " .. words.output)
    return 0
  end,
}
