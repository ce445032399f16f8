--- What a person, or a program, is told of a training that ended.
local smoke = require "smoke"

local outcome = {}

local function write(text)
  io.stdout:write(text)
  io.stdout:flush()
end

-- {"run":"20261121-...","metrics":{"test.top1":0.93}}
local function json(run, state)
  local parts = {}
  for _, pair in ipairs(state.final) do
    parts[#parts + 1] = ("%q:%s"):format(pair[1], pair[2] == pair[2] and ("%.17g"):format(pair[2]) or "null")
  end
  return ('{"run":%q,%s"metrics":{%s}}'):format(run:id(), run:meta().smoke and '"smoke":true,' or "",
    table.concat(parts, ","))
end

--- Writes the result of runner.experiment; nothing where it did not finish, which has been said then.
-- @param options { events, json, smoke }
-- @return the exit code
function outcome.tell(code, run, state, options)
  if code ~= 0 then return code end
  if options.events then
    for _, pair in ipairs(state.final or {}) do write(("metric\t%s\t%.17g\n"):format(pair[1], pair[2])) end
    write(("done\t%s\n"):format(run:id()))
  elseif options.json then
    write(json(run, state) .. "\n")
  else
    if options.smoke then write(smoke.note .. "\n") end
    for _, pair in ipairs(state.final) do
      write(pair[2] == pair[2] and ("%s %.4f\n"):format(pair[1], pair[2]) or pair[1] .. " -\n")
    end
    for _, hint in ipairs(state.hints) do write(hint .. "\n") end
    local paths = io.open(run:path() .. "/artifacts/paths.txt")
    if paths then
      write("\n" .. paths:read "*a")
      paths:close()
    end
    write(("%d samples, %.1f s, %s\n"):format(state.final_samples, state.seconds, run:path()))
  end
  return 0
end

return outcome
