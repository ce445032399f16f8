--- What a person sees of trials that run side by side: on a terminal one live line a running trial, below what ended;
-- elsewhere a plain line for each that ended.
local tabulate = require "tabulate"

local Screen = {}
Screen.__index = Screen

local trial_screen = {}

--- @param options { live = boolean, write = function(text), width = columns }
function trial_screen.new(options)
  return setmetatable({ live = options.live, write = options.write, width = options.width or 100, drawn = 0 }, Screen)
end

function Screen:clear()
  if self.drawn > 0 then self.write(("\27[%dA\27[J"):format(self.drawn)) end
  self.drawn = 0
end

--- A line that stays.
function Screen:say(text)
  self:clear()
  self.write(text .. "\n")
end

-- "head=lwal fraction=0.1, seed 12  ep 3/30 ..." in one line: of a long label the end, which tells trials apart.
local function line_of(job, width)
  local label, most = job.label, math.max(12, math.floor(width * 0.55))
  local length = tabulate.width(label)
  if length > most then label = "…" .. label:sub(#label - most + 2):gsub("^[\128-\191]+", "") end
  local text = job.resting and "waits at epoch " .. job.resting or job.text or "starting"
  return tabulate.cut(label .. "  " .. text, width - 1)
end

--- Draws the running trials anew; a job has label, text and resting (the epoch at which it waits).
function Screen:draw(jobs)
  if not self.live then return end
  self:clear()
  for _, job in ipairs(jobs) do self.write(line_of(job, self.width) .. "\n") end
  self.drawn = #jobs
end

return trial_screen
