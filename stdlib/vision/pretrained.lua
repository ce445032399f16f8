local schema = require "schema"

--- An encoder that another experiment has trained, on other data or for other labels, and that is trained further
-- here. The experiment runs first, with the seed of the one that it serves; its heads are dropped. Both see images of
-- one shape.
-- @usage vision.pretrained { experiment "x" { data = mnist5k {}, model = trunk { vision.mlp {}, head = head.softmax {} } } }
return schema.declare("vision.pretrained", {
  { "source", "node experiment", schema.required, "the experiment that trains the encoder", at = 1 },
}, function(o, context)
  if not context or not context.data then error("vision.pretrained: build it as part of an experiment", 0) end
  local made = require "teacher".train(o.source, context, "vision.pretrained", function(source)
    local before, after = (source.data.sets or source.data.parts[1].sets).train:shape(), context.image
    if not after or table.concat(before, " ") ~= table.concat(after, " ") then
      error(("vision.pretrained: the encoder was trained on samples of shape [%s], these are [%s]"):format(
        table.concat(before, ", "), table.concat(after or {}, ", ")), 0)
    end
  end)
  made.model:train()
  return made.model.module.encoder
end)
