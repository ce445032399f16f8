--- What messages mean and what to write instead: for `moonlab explain "MESSAGE"`. A message is recognised by its words,
-- with or without "file:line:col: " in front; what it names (a constructor, an option, a folder) is looked up.
local error_texts = {}

local function help() return require "help" end

-- "\n\n" and what help knows of a constructor, or "".
local function about(title)
  local text = title and help().find(title) and help().text(title)
  return text and "\n\n" .. text or ""
end

-- The option of a constructor, or of the experiment where it is a path.
local function about_option(title, label)
  label = label:gsub("%[%d+%]", "")
  local constructor = help().find(title)
  local field = constructor and help().option(constructor.declaration.spec, label)
  if not field then return "" end
  local lines = { ("\n%s of %s"):format(label, title) }
  help().field_lines({ list = { field } }, "  ", lines)
  return "\n" .. table.concat(lines, "\n")
end

-- The names in a folder of constructors.
local function about_folder(word)
  local nouns = { ["vision encoder"] = "vision", ["text encoder"] = "text", optimizer = "optim", dataset = "data",
                  ["path loss"] = "path" }
  local folder = nouns[word] or word
  local text = help().text(folder)
  return text and "\n\n" .. text or ""
end

-- { pattern, text or function(captures) -> text }; the first that fits.
local texts = {
  { "unknown key '([^']*)' in ([%w_.:]+){}", function(_, title)
    return ("A table of options has a key that %s does not take. Keys are compared letter by letter; nothing is "
      .. "ignored "
      .. "in silence."):format(title) .. about(title)
  end },
  { "([%w_.:]+): option '([^']*)' must be (.-), got ", function(title, label, phrase)
    return ("The value there does not fit: %s is wanted."):format(phrase) .. about_option(title, label)
  end },
  { "option '([^']*)' of ([%w_.]+){} must be ", function(label, title)
    return "The override's value does not fit the type of what it sets." .. about_option(title, label)
  end },
  { "([%w_.:]+): option '([^']*)' is required", function(title, label)
    return "This option has no default, so a script must give it." .. about_option(title, label)
  end },
  { "parameter '([^']*)' must be (.-), got ", function(name, phrase)
    return ("The type of a parameter follows from its default in params { %s = ... }, or is its third value: "
      .. "%s = { 3, \"what it is\", \"integer > 0\" }. Here it is %s."):format(name, name, phrase)
  end },
  { "^params: ", "The parameters of a script are declared once: params { alpha = 1.0, beta = { 0.5, \"what it is\" }, "
    .. "bits = { 512, \"length\", \"integer > 0\" } }, each with a name and a default." },
  { "the base must return an experiment",
    "The base of an ablation or a sweep is a function(p) that returns experiment \"name\" { ... }, "
    .. "or the path of such a script." },
  { "option '([^']*)' is given twice in ([%w_.:]+){}",
    "The same option stands there by its name and by its place, or by its "
    .. "former name as well. Keep one of them." },
  { "([%w_.:]+){} takes .- positional value", function(title)
    return "Values without a key are only taken where a constructor has a place for them; write name = value."
      .. about(title)
  end },
  { "unknown name '([^']*)'",
    "No local variable, word of the language or constructor is called that. Constructors of loss, "
    .. "optim, balance, metric, data and augment are named without their folder (adamw {}, ce {}); those of head, "
    .. "vision, text, "
    .. "path and plot with it (head.softmax {}). `moonlab explain head` lists a folder, `moonlab help` the commands." },
  { "unknown ([%l ]+) '[^']*'", function(word)
    if word == "metric" then return "No metric is called that." .. about_folder "metric" end
    if word == "key" or word == "name" or word == "parameter" or word == "flag" or word == "command" then return nil end
    local listed = about_folder(word)
    return listed ~= "" and ("The folder of these constructors has no such name. A file in a folder beside the script "
      .. "would "
      .. "add one.") .. listed or nil
  end },
  { "unknown parameter '([^']*)'", "The script has no parameter of that name. Those that it has are the keys of its "
    .. "params { name = default }, and seed and device; options of the experiment are set by their path, "
    .. "optim.lr=1e-3. "
    .. "`moonlab show` and config.json of a run list all of them." },
  { "key '([^']*)' is nil in ",
    "Lua leaves a key whose value is nil out of a table without a word, so the option would have kept "
    .. "its default. The value is a variable that was never set or a function that returned nothing. Leave the key out "
    .. "to keep "
    .. "the default." },
  { "key '([^']*)' is written twice in ", "Lua keeps the last one in silence. Remove one of the two lines." },
  { "has no '([^']*)'",
    "Nodes give their options by name (d.batch), and datasets what they know without reading samples: "
    .. "d.classes, d.class_names, d.size." },
  { "cannot be changed: write ",
    "What a constructor made is fixed, so that its checks hold. Give the option in the table, or make "
    .. "it a parameter: params { lr = 1e-3 }." },
  { "the script has read '([^']*)' of ([%w_.]+){}",
    "The script computed something from what the dataset said, before the "
    .. "override could change it, so the two would not fit. With a parameter the value is there from the start: "
    .. "local p = params { only = ... }, then mnist5k { only = p.only }, and only=... on the command line." },
  { "takes one value here; several are an axis of 'sweep'",
    "`moonlab run` trains one experiment. `moonlab sweep FILE lr=1e-3,1e-4` "
    .. "trains one for each value. A text that has a comma in it is quoted: note='\"a,b\"'." },
  { "options depend on each other in a circle",
    "Functions of the configuration (function(c) return ... end) are resolved last, "
    .. "each when it is first read. These read each other. Give one of them a value." },
  { "weights .-must sum to 1",
    "The weights of a mixture are shares of one loss: they add up to 1 (to 1e-6). With three heads: "
    .. "onehot = 0.6, binary = 0.3, dense = 0.1." },
  { "would be chosen on the test data",
    "A number that decides what is kept is no longer a measurement on unseen data. Hold data "
    .. "out (mnist5k { val = 0.1 }), evaluate it (eval = { during = { \"val\" } }) and choose by val.top1." },
  { "is not evaluated while training",
    "Early stopping looks at a metric after each epoch, so its split must be evaluated then: "
    .. "eval = { during = { \"val\" } }, and data with val = 0.1." },
  { "'([%w_.]+)' is not available in a script",
    "A script declares an experiment and is evaluated several times: for checking, for "
    .. "each trial, when a run is loaded. It must say the same each time, so it has no clock, no unseeded randomness "
    .. "and writes "
    .. "no files. env(\"NAME\", default) reads a variable of the environment and records it; an ordinary program, with "
    .. "everything at hand, is run by `moonlab FILE.lua`." },
  { "this function cannot be written into the configuration",
    "A function is part of the configuration by its text and by what it "
    .. "uses: plain data, other functions, nodes, and what the language provides. It uses an object that has no text. "
    .. "Pass "
    .. "plain data instead, or make the object inside of the function." },
  { "the function uses '([^']*)' of its surroundings",
    "This function is sent to the threads that read data, with its text alone. "
    .. "Write what it needs into it." },
  { "the script must return an experiment, a sweep or an ablate",
    "The last line of a script is return experiment \"name\" { ... }, "
    .. "return ablate ... or return sweep .... An ordinary Lua program is run by `moonlab FILE.lua`, without `run`." },
  { "still needs its table", "A named constructor takes its name and then a table: experiment \"name\" { ... }." },
  { "module '([^']*)' is not found beside the script",
    "require in a script reads files beside it (require \"parts.nets\" is "
    .. "parts/nets.lua), then modules of the program." },
  { "attempt to ([%l ]+) .-'([^']*)' %(a nil value%)", function(what, name)
    return ("'%s' has no value at this point: it was never set, or set after this line, or what should have made it "
      .. "returned "
      .. "nothing."):format(name) .. (what == "call" and " The name of a function may be misspelt." or "")
  end },
  { "attempt to perform arithmetic on .- %(a function value%)", "A function beside a number is no loss yet: write "
    .. "0.1 * term(function(out, batch) ... end)." },
  { "numbers scale losses, losses add up",
    "Losses read as a formula: 0.5 * ce {} + 0.1 * term(function(out, batch) ... end). "
    .. "Two losses cannot be multiplied." },
  { "'([^']+)' expected %(to close '([^']+)' at line (%d+)%)", function(wanted, opened, line)
    return ("A '%s' is missing for the '%s' of line %s. Often a comma is missing before this place: values of a table "
      .. "are "
      .. "separated by commas."):format(wanted, opened, line)
  end },
  { "unexpected symbol near '<eof>'", "The file ends within a table or a function: a closing } or `end` is missing." },
  { "unfinished string", "A text has no closing quotation mark on its line." },
  { "'=' expected near",
    "A line of Lua is a statement: name = value, or f(...). `return` may be missing before experiment." },
  { "pick: no choice", "pick(name, { name = value, ... }) has no entry of that name. The names there are stand in "
    .. "brackets." },
  { "is declared already, in ",
    "Two constructors of one name would make it unclear which one a script means. Give yours another "
    .. "name." },
  { "is no folder of constructors",
    "A constructor's name is folder.name; a script finds it by its folder, head.NAME or, for loss, "
    .. "optim, balance, metric, data and augment, by NAME alone." },
  { "is called '[^']*' now",
    "The option or constructor was renamed. The old word still works and means the same; the configuration "
    .. "and its hash have the new one, so runs made before are found." },
  { "device '([^']*)' is not available here",
    "There is no such device on this machine, or the driver does not fit. `moonlab doctor` "
    .. "says what was found; device=auto takes the first GPU or the CPU." },
  { "the loss is not finite",
    "The loss became infinite or nan. A smaller learning rate, train = { clip = 1 }, a warm-up "
    .. "(schedule = cosine { warmup = \"5%\" }) or precision = \"fp32\" may help." },
  { "diverged", "The loss became infinite or nan, and training was ended with exit code 3. A smaller learning rate, "
    .. "train = { clip = 1 } or a warm-up may help." },
  { "out of memory", "The device has no room for the batch. A smaller batch, train = { accumulate = 2 } or "
    .. "precision = \"bf16\" needs less; memory() at the prompt lists the largest tensors." },
  { "No space left on device",
    "The disk of the store is full. MOONLAB_STORE names another folder; `moonlab gc` removes what is not "
    .. "needed." },
  { "Read%-only file system", "The store cannot be written. MOONLAB_STORE names another folder." },
  { "no split '([^']*)'",
    "A dataset has the splits train, test, and val where it is asked for: mnist5k { val = 0.1 }. In a join the "
    .. "dataset's name stands in front: pets.test." },
  { "no head '([^']*)'",
    "Metrics and weights name heads by the keys of trunk { heads = { name = ... } }; a model with head = ... has "
    .. "one head without a name." },
  { "no node carries the class '([^']*)'",
    "A label graph knows classes by the names of its nodes. `moonlab graph show FILE` lists "
    .. "them; labels = { [\"name in the data\"] = \"node\" } says which node a class is." },
  { "has no path from the root",
    "A node that nothing links to cannot be decoded. Put it into a block, below a node, or give it "
    .. "attributes." },
  { "No such file or directory",
    "Paths are looked for from where the command was started; $DATA/x is the first folder of "
    .. "MOONLAB_DATA that has x." },
  { "^([%w_.]+): .+", function(title)
    local constructor = help().find(title)
    return constructor and ("Options of %s do not fit each other, or not what they are used with."):format(title)
      .. about(title)
  end },
  { "exit code (%d+)", function(code)
    local codes = { ["0"] = "done", ["1"] = "failed", ["2"] = "a bad script, override or command line",
      ["3"] = "diverged",
      ["4"] = "out of memory, also after backing off", ["5"] = "some trials failed",
        ["69"] = "set-up needs something from outside",
      ["75"] = "interrupted, everything saved; the same command or `resume` goes on",
      ["130"] = "ended by a second Ctrl-C", ["143"] = "ended by a second SIGTERM" }
    return codes[code] and ("Exit code %s: %s."):format(code, codes[code]) or nil
  end },
}

--- What a message means, or nil where it is not known or is no message.
function error_texts.explain(message)
  if not message:find "%s" then return nil end
  message = message:match "^%S+:%d+:?%d*: (.*)$" or message
  for _, entry in ipairs(texts) do
    local captures = { message:match(entry[1]) }
    if captures[1] then
      local text = type(entry[2]) == "string" and entry[2] or type(entry[2]) == "function"
        and entry[2](unpack(captures)) or nil
      if text then return text end
    end
  end
end

return error_texts
