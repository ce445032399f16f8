local catalogue = require "catalogue"
local pretrained = require "pretrained_text"
local schema = require "schema"

--- all-MiniLM-L6-v2, a sentence encoder of 22.7 million parameters (Reimers and Gurevych 2019; Wang et al. 2020): texts
-- -> features [B, 384], the mean of the tokens' states scaled to length 1. Its weights are fetched on first use, or by
-- `moonlab data get minilm`. Frozen, the features of a dataset are computed once and kept.
--
--     text.minilm {}:encode { "a cat", "a dog" }      -- float [2, 384], for instance as labels of a head
-- @usage trunk { text.minilm { freeze = true }, head = head.softmax {} }
return schema.declare("text.minilm", pretrained.fields { pool = "mean", normalize = true, max_length = 128 },
  function(o)
    local folder, reason = catalogue.get "minilm"
    if not folder then error(reason, 0) end
    return pretrained.build(o, folder)
  end, { methods = pretrained.methods })
