--- `moonlab resume ID [key=value ...]`: goes on with a run that was interrupted, killed or failed; with another
-- configuration a new run begins where that one stands.
local command_line = require "command_line"
local outcome = require "outcome"
local record = require "sweep.record"
local resume = require "resume"
local runner = require "runner"

return {
  usage = "ID [key=value ...]",
  summary = "go on with an unfinished run, or begin another one where a run stands",
  help = [[
Without key=value the run goes on in its own folder, from its last checkpoint,
with the copies of its script and the variables that it read: nothing of what
has changed since. On a CPU it ends with the same numbers, to the last bit, as
if nobody had stopped it. ID is a unique part of a run's beginning or end, or
"last"; or that of a sweep, whose missing trials are run then.

  key=value      another configuration: a new run, whose parent is this one,
                 takes over weights, moments and streams that fit, and says
                 what does not (train.epochs=20 trains a finished run further)
  --device D     auto, cpu, cuda, cuda:1
  --name N       part of the new run's id, instead of the experiment's name
  --tag T        written down with the new run
  --force        take a run that says it is being trained, where you know that
                 its process is gone
  --json         the result as one line of JSON
  -q             no progress

Checkpoints are written as train.checkpoint_every says, at Ctrl-C and at the
signals TERM and USR1, after which the exit code is 75.]],
  flags = { "--device D", "--name NAME", "--tag T", "--json", "-q --quiet", "--force" },
  internal = { "--trial", "--rungs LIST" },
  on_interrupt = "finish",
  main = function(_, words)
    local id, changes = nil, {}
    for _, word in ipairs(words) do
      if word:find "=" or word:sub(1, 1) == "~" then
        changes[#changes + 1] = word
      elseif id then
        return command_line.complain("resume", ("'%s' is neither a flag nor key=value; one run at a time"):format(word))
      else
        id = word
      end
    end
    if not id then
      return command_line.complain("resume", "which run? moonlab resume ID (moonlab ls lists them)")
    end
    local found, directory = pcall(record.find, runner.store(), id)
    if found and id ~= "last" and #changes == 0 then return require("command.sweep").again(directory, words) end
    if words.device then changes[#changes + 1] = "device=" .. words.device end
    local quiet = words.quiet or words.json
    local plan, problem, code = resume.plan(runner.store(), id, changes, {
      name = words.name, tag = words.tag, quiet = quiet, events = words.trial, force = words.force,
    })
    if not plan then
      if code == 0 and not words.trial then
        print(problem)
        return 0
      end
      if code == 2 then
        io.stderr:write(problem, "\n")
        return 2
      end
      return command_line.complain("resume", problem, code == 0 and 1 or code)
    end
    if not quiet and not words.trial then
      for _, note in ipairs(plan.notes or {}) do io.stderr:write(note, "\n") end
      local at = plan.saved and plan.saved.step and ("from step %d"):format(plan.saved.step)
      if plan.run then
        print(("run %s, %s"):format(plan.run:id(), at or "from its beginning: it has no checkpoint"))
      else
        print(("a fork of run %s, %s"):format(plan.forks:id(), at or "from its weights"))
      end
      io.stdout:flush()
    end
    plan.options.rungs = words.rungs
    local run, state
    code, run, state = runner.experiment(plan.result, plan.options)
    return outcome.tell(code, run, state, { events = words.trial, json = words.json, smoke = plan.options.smoke })
  end,
}
