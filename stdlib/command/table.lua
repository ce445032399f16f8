--- `moonlab table SWEEP|FILE.lua`: the table of a sweep or an ablation, from what the store holds.
local ablation_summary = require "ablation_summary"
local command_line = require "command_line"
local formats = require "sweep.formats"
local runner = require "runner"
local sweep_of = require "sweep_of"
local sweep_table = require "sweep.table"
local system = require "host.system"

-- The text of the table, and lines that belong below it.
local function made(word, words)
  local format = words.markdown and "markdown" or words.latex and "latex" or words.csv and "csv" or "text"
  if word:match "%.lua$" then
    local result, mistakes = runner.evaluate(word, {})
    if not result then error(mistakes, 0) end
    if result.kind == "ablate" then
      local summary, hints = ablation_summary.of(result, word, { interval = words.interval, test = words.test })
      return formats[format](summary), hints
    end
    if result.kind ~= "sweep" then error(("%s is one experiment; tables are of sweeps and ablations"):format(word), 0) end
  end
  if words.interval or words.test then
    error("--interval and --test are of ablations; a sweep says it in its report: tabulate { cell = mean_std { ... }, test = ... }", 0)
  end
  return (sweep_table.render(sweep_of(word), { format = format, store = runner.store() })), {}
end

return {
  usage = "SWEEP|FILE.lua",
  summary = "the table of a sweep or an ablation, of what is in the store",
  help = [[
  SWEEP         a sweep's id or name, the beginning of one, or last
  FILE.lua      the script of a sweep or of an ablation that was run
  --markdown    the table as Markdown
  --latex       the table as LaTeX (package booktabs)
  --csv         means, deviations, counts and p values in full
  --interval    of an ablation: 95 % intervals in place of deviations
  --test T      of an ablation: paired_t or wilcoxon over the seeds, each row
                against the one it is compared with, Holm's correction over
                the table
  -o FILE       into a file]],
  flags = { "--markdown", "--latex", "--csv", "--interval", "--test paired_t|wilcoxon", "-o --output FILE" },
  main = function(_, words)
    local word = words[1]
    if not word then return command_line.complain("table", "which sweep? moonlab table SWEEP, or the script of an ablation") end
    if words[2] then return command_line.complain("table", ("takes one sweep or ablation, got '%s' too"):format(words[2])) end
    local _, code = command_line.attempt("table", 1, function()
      local text, hints = made(word, words)
      text = text:gsub("%s*$", "") .. "\n"
      if words.output then
        local written, reason = system.write_atomic(words.output, text)
        if not written then error(("cannot write %s: %s"):format(words.output, reason), 0) end
        io.stdout:write(words.output, "\n")
      else
        io.stdout:write(text)
      end
      for _, hint in ipairs(hints) do io.stderr:write(hint, "\n") end
    end)
    return code
  end,
}
