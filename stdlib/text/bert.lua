local catalogue = require "catalogue"
local pretrained = require "pretrained_text"
local schema = require "schema"

local fields = pretrained.fields { pool = "pooler", normalize = false, max_length = 128 }
table.insert(fields, 1, { "path", "path", schema.required, 
  "the model's folder; $DATA/x is x in $MOONLAB_DATA", at = 1 })
table.insert(fields, { "pretrained", "boolean", true, "false: the folder's shapes and tokenizer with new weights" })

--- An encoder of BERT's architecture (Devlin et al. 2018) from a folder with config.json, tokenizer.json or vocab.txt,
-- and model.safetensors or pytorch_model.bin under Hugging Face's names. texts -> features [B, hidden_size].
-- @usage trunk { text.bert { "$DATA/bert-base-uncased", freeze = true }, head = head.softmax {} }
return schema.declare("text.bert", fields, function(o) return pretrained.build(o, catalogue.path(o.path)) end,
  { methods = pretrained.methods })
