--- A model that is trained first, for what it knows: its predictions, or the labels it learnt.
local schema = require "schema"

local teacher = {}

--- Trains an experiment; only one step of it where a script is merely checked (context.rehearse).
-- @param who the name in messages
-- @param check function(made) that refuses a teacher before it is trained, or nil
-- @return what trial.assemble gave, trained, and the list of { key, value } it ended with
-- Errors: it was interrupted, or diverged.
function teacher.train(node, context, who, check)
  local trial = require "trial"
  local made = schema.build(node, { seed = context.seed, device = context.device, smoke = context.smoke })
  if check then check(made) end
  if context.rehearse then
    local train = setmetatable({ steps = 1 }, { __index = made.o.train })
    made.o, made.epochs = setmetatable({ train = train }, { __index = made.o }), 1
  end
  local state = trial.run(made, {})
  if state.interrupted then error(who .. ": interrupted while the teacher was trained", 0) end
  if state.diverged then error(who .. ": the teacher diverged: " .. state.stop, 0) end
  return made, state.final
end

return teacher
