local encoder = require "encoder"
local host_text = require "host.text"
local make = require("host.module").make
local schema = require "schema"

--- Word embeddings and an LSTM, trained on the fly: the words are those of the training texts, lower-cased and split at
-- white space and punctuation. texts -> features [B, hidden], twice that in both directions. `pool` makes one vector of
-- a text's states: the last one (of each direction), their mean or their maximum.
-- @usage trunk { text.lstm { embed = 100, hidden = 128, layers = 1 }, head = head.softmax {} }
return schema.declare("text.lstm", {
  { "embed", "integer > 0", 300, "width of a word's embedding" },
  { "hidden", "integer > 0", 256, "width of a direction's state" },
  { "layers", "integer > 0", 2, "LSTMs on top of each other" },
  { "bidirectional", "boolean", true, "read the text from its end too" },
  { "dropout", "number in [0, 1]", 0.0, "share of embeddings, and of states between layers, dropped while training" },
  { "pool", "one of last|mean|max", "max", "how the states of a text become one vector" },
  { "max_length", "integer > 0", 128, "words of a text that are read" },
  { "min_count", "integer > 0", 2, "words seen less often in training are unknown" },
  { "max_words", "integer > 2", 50000, "size of the vocabulary, unknown and padding included" },
  { "lower", "boolean", true, "take words in lower case" },
}, function(o, context)
  local words = host_text.train_vocabulary(encoder.texts(context, "text.lstm"),
    { min_count = o.min_count, max_size = o.max_words, lower = o.lower })
  local module = make("TextLstm", { vocabulary = words:size(), embed = o.embed, hidden = o.hidden, layers = o.layers,
    bidirectional = o.bidirectional, dropout = o.dropout, pad = words:pad(), pool = o.pool })
  return encoder.takes(module, { tokenizer = words, max_length = o.max_length })
end)
