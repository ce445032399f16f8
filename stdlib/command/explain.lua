--- `moonlab explain KEY`: what an option, a constructor or an operator is; the words of `help` at the prompt.
return {
  usage = "KEY",
  summary = "what an option or a constructor is: adamw, optim.lr, train.epochs, torch.topk",
  flags = {},
  main = function(args)
    if not args[1] or args[2] then
      io.stderr:write "moonlab explain: one key: moonlab explain adamw.weight_decay\n"
      return 2
    end
    local text, message = require "help".text(args[1])
    if not text then
      io.stderr:write("moonlab explain: ", message, "\n")
      return 2
    end
    print(text)
    return 0
  end,
}
