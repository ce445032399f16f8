--- Parts of an HTML page that refers to nothing outside of itself: everything that a script or a data set named is
-- escaped, pictures are drawn in place.
local html_page = {}

local style = [[
:root{color-scheme:light dark;--ink:#1f2328;--muted:#59636e;--line:#d8dde3;--paper:#ffffff;--soft:#f5f7f9}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--muted:#a6aeb8;--line:#2d333b;--paper:#14171b;--soft:#1b1f24}}
body{font:15px/1.5 sans-serif;color:var(--ink);background:var(--paper);max-width:68em;margin:2em auto;padding:0 1.2em}
h1{font-size:1.6em;margin:0 0 .2em}h2{font-size:1.2em;margin:2em 0 .6em}p.note{color:var(--muted);margin:.2em 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3em .9em .3em 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{color:var(--muted);font-weight:600}td.n,th.n{text-align:right}
.scroll{overflow-x:auto}svg{max-width:100%;height:auto}
pre{background:var(--soft);padding:.8em 1em;overflow-x:auto;font:13px/1.45 monospace;border-radius:4px}
summary{cursor:pointer;font-weight:600;margin:.8em 0}code{font:13px monospace}
.bad{color:#c0392b}@media (prefers-color-scheme:dark){.bad{color:#ff8a75}}
a{color:#0b62b8}@media (prefers-color-scheme:dark){a{color:#79b8ff}}
h3{font-size:1em;margin:1.6em 0 .3em;font-family:monospace}.run:target{background:var(--soft)}
]]

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text as it may stand in HTML, in an attribute too.
function html_page.escape(text)
  return (tostring(text):gsub("[%z\1-\8\11\12\14-\31]", " "):gsub("[&<>\"']", entities))
end
local escape = html_page.escape

--- A table; columns from the second on stand to the right where `numeric`. A cell is a text, or { html = ... } as it
-- is.
function html_page.table(header, rows, numeric)
  local parts = { '<div class="scroll"><table><thead><tr>' }
  local function cell(tag, column, text)
    local class = numeric and column > 1 and ' class="n"' or ""
    parts[#parts + 1] = ("<%s%s>%s</%s>"):format(tag, class, type(text) == "table" and text.html or escape(text), tag)
  end
  for c, text in ipairs(header) do cell("th", c, text) end
  parts[#parts + 1] = "</tr></thead><tbody>"
  for _, row in ipairs(rows) do
    parts[#parts + 1] = "<tr>"
    for c = 1, #header do cell("td", c, row[c] or "") end
    parts[#parts + 1] = "</tr>"
  end
  parts[#parts + 1] = "</tbody></table></div>"
  return table.concat(parts)
end

function html_page.section(title, body) return ("<h2>%s</h2>\n%s\n"):format(escape(title), body) end

function html_page.folded(title, text)
  return ("<details><summary>%s</summary><pre>%s</pre></details>\n"):format(escape(title), escape(text))
end

--- An SVG document as a part of the page: without the name of its format, which is an address.
function html_page.inline(svg)
  return "<p>" .. svg:gsub('^<%?xml.-%?>%s*', ""):gsub(' xmlns="[^"]*"', "", 1) .. "</p>\n"
end

--- The whole page.
-- @param notes lines below the title
-- @param sections list of texts of HTML
function html_page.document(title, notes, sections)
  local parts = { '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
                  '<meta name="viewport" content="width=device-width,initial-scale=1">',
                  ("<title>%s</title><style>%s</style></head><body>\n"):format(escape(title), style),
                  ("<h1>%s</h1>\n"):format(escape(title)) }
  for _, note in ipairs(notes) do parts[#parts + 1] = ('<p class="note">%s</p>\n'):format(escape(note)) end
  parts[#parts + 1] = table.concat(sections)
  parts[#parts + 1] = "</body></html>\n"
  return table.concat(parts)
end

return html_page
