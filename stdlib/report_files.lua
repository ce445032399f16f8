--- A report beside the numbers of a run: artifacts/NAME.txt for reading, artifacts/NAME.json for programs.
local canonical = require "language.canonical"

--- @param run where it is written
-- @param name of the files
-- @param report what prints as the text
-- @param data the same as plain data
return function(run, name, report, data)
  run:write(("artifacts/%s.txt"):format(name), tostring(report) .. "\n")
  run:write(("artifacts/%s.json"):format(name), canonical.text(data, { indent = 2 }) .. "\n")
end
