--- `moonlab report RUN|ABLATION.lua -o out.html`: one page that opens anywhere, without a network.
local command_line = require "command_line"
local host_run = require "host.run"
local html_report = require "html_report"
local runner = require "runner"
local runs_of = require "runs_of"

local function complain(message, code)
  io.stderr:write("moonlab report: ", message, "\n")
  return code or 2
end

local function write(path, text)
  local file, reason = io.open(path, "wb")
  if not file then error(("cannot write %s"):format(reason), 0) end
  local written, problem = file:write(text)
  local closed, late = file:close()
  if not (written and closed) then error(("cannot write %s: %s"):format(path, problem or late), 0) end
end

return {
  usage = "RUN|ABLATION.lua -o FILE.html",
  summary = "a run or an ablation as one HTML file: result, plots, configuration, sources",
  help = "  RUN             a unique part of a run's beginning or end, or last\n"
    .. "  ABLATION.lua    the script of an ablation that was run\n"
    .. "  -o FILE         where to; nothing in the page refers to another address",
  flags = { "-o" },
  main = function(args)
    local words, problem = command_line.source_words(args)
    if not words then return complain(problem) end
    local what, output = words.what, words.output
    if not what then return complain "which run? moonlab report RUN -o FILE.html (moonlab ls lists them)" end
    if not output then return complain "where to? moonlab report RUN -o FILE.html" end
    local done, failure = pcall(function()
      local source = runs_of(what)
      local page = source.of_run and html_report.of_run(host_run.open(runner.store(), source.id), source)
        or html_report.of_ablation(source, runner.store())
      write(output, page)
      io.stdout:write(output, "\n")
    end)
    if done then return 0 end
    local text = tostring(type(failure) == "table" and failure.message or failure)
    return complain((text:gsub("^[^\n]-%.lua:%d+: ", "")), 1)
  end,
}
