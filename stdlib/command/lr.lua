--- `moonlab lr FILE [key=value ...]`: a learning rate to begin with, found by a short training in a process of its own.
local canonical = require "language.canonical"
local command_line = require "command_line"
local learning_rates = require "learning_rates"
local runner = require "runner"
local system = require "host.system"

local function two_digits(rate) return ("%.2g"):format(rate) end

-- The experiment of a file; of an ablation, or a sweep, the one that its rows are made of.
local function experiment(file, overrides)
  local result, mistakes = runner.evaluate(file, overrides)
  if result and result.kind ~= "experiment" then result, mistakes = runner.evaluate(file, overrides, { base = true }) end
  if result and result.kind ~= "experiment" then
    return nil, ("%s: a %s has no training of its own; name the file of its experiment"):format(file, result.kind)
  end
  return result, mistakes
end

-- In the process of its own: a line "rate<tab>loss" for each update.
local function train(file, overrides, o)
  local result, mistake = experiment(file, overrides)
  local made
  if result then made, mistake = runner.build(result) end
  if not made then
    io.stderr:write(mistake, "\n")
    return 2
  end
  io.stdout:write(("lr\t%.17g\n"):format(made.optim.defaults.lr or 0))
  local diverged = learning_rates.sweep(made, o, function(rate, loss)
    io.stdout:write(("%.17g\t%.17g\n"):format(rate, loss))
    io.stdout:flush()
  end)
  if diverged then io.stdout:write "diverged\n" end
  return 0
end

-- Follows the process: rates, losses, { lr, diverged }; its exit code.
local function follow(command, steps, live)
  local child = system.spawn(command)
  local rates, losses, facts, rest = {}, {}, {}, ""
  local function take(text)
    rest = rest .. text
    for line in rest:gmatch "([^\n]*)\n" do
      local rate, loss = line:match "^(%S+)\t(%S+)$"
      if rate == "lr" then
        facts.lr = tonumber(loss)
      elseif rate then
        rates[#rates + 1], losses[#losses + 1] = tonumber(rate), tonumber(loss) or 0 / 0
      elseif line == "diverged" then
        facts.diverged = true
      end
    end
    rest = rest:match "[^\n]*$"
    if live and #rates > 0 then
      io.stdout:write(("\r%d/%d  lr %s  loss %.4f\27[K"):format(#rates, steps, two_digits(rates[#rates]), losses[#rates]))
      io.stdout:flush()
    end
  end
  local code
  repeat
    system.wait_any({ child }, 0.5)
    code = child:poll()
    take(child:read())
    io.stderr:write(child:read_errors())
  until code
  if live then io.stdout:write "\r\27[K" end
  return rates, losses, facts, code
end

-- The curve without most of what the loss climbs when it diverges, so that its fall can be seen.
local function drawn(reading)
  local most, rates, losses = 0, {}, {}
  for i, loss in ipairs(reading.losses) do
    if reading.rates[i] <= reading.lowest then
      most = math.max(most, loss)
    elseif loss > most + 0.3 * (most - reading.loss) then
      break
    end
    rates[i], losses[i] = reading.rates[i], loss
  end
  return require "plot.line" { losses, x = rates, log = "x", x_label = "learning rate",
                               y_label = "training loss, smoothed" }
end

local function tell(file, reading, facts, count)
  local script = facts.lr and (" (the script has %s)"):format(two_digits(facts.lr)) or ""
  print(("%s, %d updates:"):format(file, count))
  print(("lr %s to %s%s%s"):format(two_digits(facts.from), two_digits(facts.last),
    facts.diverged and ", where the loss diverged" or "", script))
  io.stdout:write(drawn(reading):terminal { rows = 14,
    colour = system.isatty "stdout" and os.getenv "NO_COLOR" == nil })
  print(("lowest loss %.4f at lr %s"):format(reading.loss, two_digits(reading.lowest)))
  if reading.suggested then
    print(("it falls fastest at lr %s: try optim.lr=%s"):format(two_digits(reading.suggested),
      two_digits(reading.suggested)))
  else
    print "the loss never falls: begin with a lower rate (--from), or see what moonlab check says"
  end
end

return {
  usage = "FILE [key=value ...]",
  summary = "find a learning rate for a script by a short training",
  help = [[
  key=value      as for run; of an ablation the experiment of its rows is tried
  --from X       the first rate (1e-6)
  --to X         the last rate (10)
  --steps N      updates from the first to the last (100)
  --device D     auto, cpu, cuda, cuda:1
  --json         what was found as a line of JSON

  The script trains in a process of its own while the rate grows by the same
  factor from update to update; heads and stages keep the ratios of their
  rates, the schedule rests. No run is kept. A loss that diverges ends it. The
  rate at which the smoothed loss falls fastest is a good one to begin with.]],
  flags = { "--from X", "--to X", "--steps N", "--device D", "--json" },
  internal = { "--child" },
  main = function(_, options)
    local file, overrides = nil, {}
    for _, word in ipairs(options) do
      if word:find "=" or word:sub(1, 1) == "~" then
        overrides[#overrides + 1] = word
      elseif file then
        return command_line.complain("lr", ("'%s' is neither a flag nor key=value; one script at a time"):format(word))
      else
        file = word
      end
    end
    if not file then return command_line.complain("lr", "which script? moonlab lr FILE [key=value ...]") end
    if options.device then overrides[#overrides + 1] = "device=" .. options.device end
    local o = { from = options.from or 1e-6, to = options.to or 10, steps = options.steps or 100 }
    if o.from >= o.to then
      return command_line.complain("lr", ("--from %g must be below --to %g"):format(o.from, o.to))
    end
    if o.steps < 10 then return command_line.complain("lr", "--steps takes ten or more") end
    if options.child then return train(file, overrides, o) end
    local command = { system.executable(), "lr", "--child", "--from", ("%.17g"):format(o.from), "--to",
                      ("%.17g"):format(o.to), "--steps", tostring(o.steps), file, unpack(overrides) }
    local rates, losses, facts, code = follow(command, o.steps, system.isatty "stdout" and not options.json)
    if code ~= 0 then return code end
    local reading = learning_rates.read(rates, losses)
    if not reading then
      return command_line.complain("lr", ("the loss diverged after %d updates, at lr %s: begin lower (--from)"):format(
        #rates, two_digits(rates[#rates] or o.from)), 3)
    end
    facts.from, facts.last = o.from, rates[#rates]
    if options.json then
      print(canonical.text { suggested = reading.suggested, lowest = reading.lowest, loss = reading.loss,
        diverged = facts.diverged or false, rates = rates, losses = losses })
    else
      tell(file, reading, facts, #rates)
    end
    return reading.suggested and 0 or 1
  end,
}
