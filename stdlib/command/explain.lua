--- `moonlab explain KEY`: what an option, a constructor or an operator is; the words of `help` at the prompt.
local command_line = require "command_line"

return {
  usage = "KEY",
  summary = "what an option or a constructor is: adamw, optim.lr, train.epochs, torch.topk",
  flags = {},
  main = function(_, words)
    if not words[1] or words[2] then return command_line.complain("explain", "one key: moonlab explain adamw.weight_decay") end
    local text, message = require "help".text(words[1])
    if not text then return command_line.complain("explain", message) end
    print(text)
    return 0
  end,
}
