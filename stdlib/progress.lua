--- What a person sees of a training run: one live line on a terminal, one plain line an interval elsewhere.
-- ep 3/30 [=====>   ] 412 it/s loss .83 (nll .61 reinforce .44) val.top1 91.2 best 91.9@2 eta 6:12
local progress = {}
progress.__index = progress

--- Durations as people read them: "0.4 s", "12 s", "6:12", "1:02:05".
function progress.duration(seconds)
  if seconds < 10 then return ("%.1f s"):format(seconds) end
  if seconds < 60 then return ("%d s"):format(seconds) end
  local whole = math.floor(seconds + 0.5)
  local h, m, s = math.floor(whole / 3600), math.floor(whole / 60) % 60, whole % 60
  return h > 0 and ("%d:%02d:%02d"):format(h, m, s) or ("%d:%02d"):format(m, s)
end

--- A loss with three significant digits: ".83", "2.30", "nan".
function progress.short(value)
  if value ~= value then return "nan" end
  local magnitude = math.abs(value)
  if magnitude >= 1e4 or (magnitude > 0 and magnitude < 1e-3) then return ("%.1e"):format(value) end
  local text = (magnitude >= 100 and "%.0f" or magnitude >= 10 and "%.1f" or "%.2f"):format(value)
  return (text:gsub("^(%-?)0%.", "%1."))
end

-- Shares between 0 and 1 are shown as percent, everything else as it is.
local function metric(value)
  if value ~= value then return "nan" end
  if value >= 0 and value <= 1 then return ("%.1f"):format(100 * value) end
  return ("%.3g"):format(value)
end
progress.metric = metric

--- @param options { write = function(text), live = boolean, width = columns, epochs = n, steps = steps an epoch,
--   clock = function() seconds, every = seconds between two live redraws (0.1) or plain lines (10), label = text }
function progress.new(options)
  local self = setmetatable({}, progress)
  for key, value in pairs(options) do self[key] = value end
  self.every = options.every or (options.live and 0.1 or 10)
  self.width = options.width or 100
  self.started = self.clock()
  self.shown = options.live and -math.huge or self.started
  self.done_before = 0
  return self
end

local function bar(share, width)
  local filled = math.max(0, math.min(width, math.floor(share * width)))
  if filled == width then return ("="):rep(width) end
  return ("="):rep(filled) .. ">" .. (" "):rep(width - filled - 1)
end

--- The line for a state { epoch, epochs, step (in the epoch), steps, loss, terms = {{name, value}, ...},
-- metric = {key, value}, best = {value, epoch} }; every part may be absent.
function progress:line(state)
  local parts = {}
  if self.label then parts[#parts + 1] = self.label end
  local total = state.epochs * state.steps
  local done = (state.epoch - 1) * state.steps + state.step
  parts[#parts + 1] = ("ep %d/%d"):format(state.epoch, state.epochs)
  if self.live then parts[#parts + 1] = "[" .. bar(state.step / state.steps, 9) .. "]" end
  local elapsed = self.clock() - self.started
  local rate = (done - self.done_before) / math.max(elapsed, 1e-6)
  parts[#parts + 1] = ("%.0f it/s"):format(rate)
  if state.loss then
    local text = "loss " .. progress.short(state.loss)
    if state.terms and #state.terms > 1 then
      local terms = {}
      for _, term in ipairs(state.terms) do terms[#terms + 1] = term[1] .. " " .. progress.short(term[2]) end
      text = text .. " (" .. table.concat(terms, " ") .. ")"
    end
    parts[#parts + 1] = text
  end
  if state.metric then parts[#parts + 1] = state.metric[1] .. " " .. metric(state.metric[2]) end
  if state.best then parts[#parts + 1] = ("best %s@%d"):format(metric(state.best[1]), state.best[2]) end
  if rate > 0 and done < total then parts[#parts + 1] = "eta " .. progress.duration((total - done) / rate) end
  return table.concat(parts, " ")
end

--- Shows the state if it is time to; `force` shows it anyway (the end of an epoch or of the run).
-- @param line a function that gives the state, called only when something is written
function progress:show(line, force)
  local now = self.clock()
  if not force and now - self.shown < self.every then return false end
  self.shown = now
  local text = self:line(line())
  if self.live then
    self.write("\r" .. text:sub(1, self.width - 1) .. "\27[K")
    self.drawn = true
  else
    self.write(text .. "\n")
  end
  return true
end

--- Leaves the live line standing and moves below it; does nothing elsewhere.
function progress:close()
  if self.drawn then self.write("\n") end
  self.drawn = false
end

return progress
