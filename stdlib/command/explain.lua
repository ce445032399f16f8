--- `moonlab explain KEY|MESSAGE`: what an option, a constructor, an operator or a message is; the words of `help` at
-- the prompt.
local command_line = require "command_line"
local system = require "host.system"

-- What a script declares itself, or has in folders beside it, is known too.
local function with_script(file, fn)
  if not file then return fn() end
  local language = require "language"
  local result, errors = language.evaluate(file, nil, { trials = false })
  if not result then return nil, language.format(errors) end
  return require "schema".with_script(result.session, fn)
end

return {
  usage = "KEY|MESSAGE",
  summary = "what an option, a constructor or a message is: adamw, optim.lr, val.top1",
  help = [[
  KEY             a constructor (adamw, head.lwal), an option by its path as
                  overrides write it (optim.lr, loss.nll.pool), a folder (head),
                  a key of metrics (val.top1), an operator (torch.topk)
  MESSAGE         the text of an error, in quotes: what it means, what to write
  --script FILE   knows what this script declares or has in folders beside it]],
  flags = { "--script FILE" },
  main = function(_, words)
    if #words == 0 then return command_line.complain("explain", "one key: moonlab explain adamw.weight_decay") end
    local key = table.concat(words, " ")
    local text, message = with_script(words.script, function() return require "help".text(key) end)
    if not text then return command_line.complain("explain", message) end
    print(require "help".wrapped(text, math.max(system.terminal_width(80), 40)))
    return 0
  end,
}
