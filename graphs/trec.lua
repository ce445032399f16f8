-- What a question asks for: six coarse classes with fifty fine ones (Li and Roth, COLING 2002).
--
-- The names are those of the data set `trec`, looked up there: ABBR abbreviations, DESC descriptions, ENTY entities,
-- HUM human beings, LOC locations, NUM numbers. Nothing here was recalled. A question is of one class, so that
-- siblings compete.
return graph "question" {
  labels "coarse" { "ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM" },
  labels "fine" { under = "ABBR",
    "ABBR:abb", "ABBR:exp",
  },
  labels "fine" { under = "DESC",
    "DESC:def", "DESC:desc", "DESC:manner", "DESC:reason",
  },
  labels "fine" { under = "ENTY",
    "ENTY:animal", "ENTY:body", "ENTY:color", "ENTY:cremat", "ENTY:currency", "ENTY:dismed", "ENTY:event",
    "ENTY:food", "ENTY:instru", "ENTY:lang", "ENTY:letter", "ENTY:other", "ENTY:plant", "ENTY:product",
    "ENTY:religion", "ENTY:sport", "ENTY:substance", "ENTY:symbol", "ENTY:techmeth", "ENTY:termeq", "ENTY:veh",
    "ENTY:word",
  },
  labels "fine" { under = "HUM",
    "HUM:desc", "HUM:gr", "HUM:ind", "HUM:title",
  },
  labels "fine" { under = "LOC",
    "LOC:city", "LOC:country", "LOC:mount", "LOC:other", "LOC:state",
  },
  labels "fine" { under = "NUM",
    "NUM:code", "NUM:count", "NUM:date", "NUM:dist", "NUM:money", "NUM:ord", "NUM:other", "NUM:perc", "NUM:period",
    "NUM:speed", "NUM:temp", "NUM:volsize", "NUM:weight",
  },
}
