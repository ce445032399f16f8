-- help and explain: read from declarations and from the comments above them.
local t = require "test"
local help = require "help"
local schema = require "schema"

t.test("a constructor: prose, options with type and default, usage", function()
  local text = help.text "ce"
  t.ok(text:find("^ce { %.%.%. }   %(loss%.ce%)\n  Cross entropy"), text)
  t.ok(text:find("label_smoothing  share of the target", 1, true), text)
  t.ok(text:find("number in [0, 1]; default 0\n", 1, true), text)
  t.ok(text:find('one of mean|sum|none; default "mean"', 1, true), text)
  t.ok(text:find("Usage:\n  loss.ce { label_smoothing = 0.1 }", 1, true), text)
  t.eq(help.text "loss.ce", text)
  t.eq(help.text(schema.find "loss.ce"), text)
  t.eq(help.text(schema.find "loss.ce" {}), text)
end)

t.test("an option by its path", function()
  t.eq(help.explain "ce.label_smoothing", "label_smoothing of ce\n"
    .. "  label_smoothing  share of the target spread evenly over all classes\n"
    .. "                   number in [0, 1]; default 0")
  local text = help.explain "train.early_stop.patience"
  t.ok(text:find("^train%.early_stop%.patience of the experiment\n  patience  "), text)
  t.eq(help.explain "experiment.train.early_stop.patience":match "\n.*", text:match "\n.*")
end)

t.test("what is not there, with the nearest name", function()
  local function message(key) return select(2, help.explain(key)) end
  t.eq(message "ce.label_smothing", "ce has no option 'label_smothing'; did you mean 'label_smoothing'?")
  t.eq(message "train.clp", "the experiment has no option 'train.clp'; did you mean 'clip'?")
  t.eq(message "experimnt", "nothing is known about 'experimnt'; did you mean 'experiment'?")
  t.eq({ help.text(3) }, { nil, "help takes a constructor, a node or a name, got a number" })
end)

t.test("the table of contents has every constructor and word, one line each", function()
  local text = help.text()
  for _, folder in ipairs(schema.folders) do
    for _, name in ipairs(schema.names(folder)) do
      t.ok(text:find("\n  " .. schema.title(folder .. "." .. name) .. " ", 1, true), folder .. "." .. name)
    end
  end
  t.ok(text:find "\n  params ", text)
  for line in text:gmatch "[^\n]+" do t.ok(#line <= 80, line) end
end)

t.test("everything declared in a file of its own has prose and an example", function()
  for kind in pairs(schema.contents()) do
    local prose, usage = help.comment(kind)
    t.ok(#prose > 0 and #usage > 0, kind .. " needs a comment with @usage above its declaration")
  end
end)

t.test("help knows layers, what nn holds, and the modules that scripts name", function()
  local help = require "help"
  t.ok(help.text(nn.Conv2d):find("nn.Conv2d(in_channels, out_channels, kernel_size, stride = 1, padding = 0", 1, true))
  t.eq(help.text "nn.Conv2d", help.text(nn.Conv2d))
  t.ok(help.text(nn.MultiheadAttention):find("nn.MultiheadAttention(embed_dim, num_heads, dropout=0.0", 1, true))
  t.ok(help.text(nn.summary):find("nn.summary(model", 1, true))
  t.ok(help.text(worker):find("Threads with Lua states", 1, true))
  t.eq(help.text "channel", help.text(channel))
  t.ok(help.text "safetensors":find("memory%-mapped") or help.text "safetensors":find("mapped", 1, true))
end)

t.test("long lines are broken between words, a word that is too long stays", function()
  local help = require "help"
  t.eq(help.wrapped("one two three four\nx", 10), "one two\nthree four\nx")
  t.eq(help.wrapped("  one two three four", 10), "  one two\n    three\n    four")
  t.eq(help.wrapped("a    b c d e f", 8), "a b c d\n  e f")
  t.eq(help.wrapped("a\nb", 8), "a\nb")
  t.eq(help.wrapped("  aaaaaaaaaaaaaaaa b", 8), "  aaaaaaaaaaaaaaaa\n    b")
  t.eq(help.wrapped("short", 10), "short")
end)
