local schema = require "schema"
local optimizer = require "optimizer"

--- Adafactor (Shazeer and Stern 2018): a matrix's second moment as a row and a column, as torch.optim.Adafactor.
-- @usage adafactor { lr = 1e-3 }
return schema.declare("optim.adafactor", optimizer.fields {
  { "lr", "number >= 0", 1e-2, "learning rate" },
  { "beta2_decay", "number <= 0", -0.8, "power by which the average forgets" },
  { "d", "number >= 1", 1.0, "largest root mean square of an update" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Adafactor", o, context) end)
