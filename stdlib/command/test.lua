--- `moonlab test [NAME ...]`: the specs under tests/, each in a process of its own; a name keeps those whose path holds it.
return {
  usage = "[NAME ...]",
  summary = "run the specs (tests/), all or those whose path holds a NAME",
  help = [[
  --jobs N      how many run side by side (default: one a processor)
  --passed N, --failed N, --skipped N
                counts of tests that ran before, added to the last line]],
  flags = { "--jobs N", "--passed COUNT", "--failed COUNT", "--skipped COUNT" },
  main = function(args) return dofile(MOONLAB_ROOT .. "/tests/run.lua")(args) end,
}
