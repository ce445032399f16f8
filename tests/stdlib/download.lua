-- Data sets fetched from a server on the loopback, as `moonlab data get` does. What broken servers do is tested in
-- tests/cli/fetch_file.py.
local t = require "test"
local catalogue = require "catalogue"
local run = require "host.run"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-download"
local home, official = os.getenv "MOONLAB_HOME", os.getenv "MOONLAB_DATA"
system.set_environment("MOONLAB_HOME", folder .. "/home")
system.set_environment("MOONLAB_DATA", "")
for _, name in ipairs { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY" } do system.set_environment(name, "") end

local code = [[
import http.server, sys
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: http.server.SimpleHTTPRequestHandler(
    *a, directory=sys.argv[1]))
print(server.server_port, flush=True)
server.serve_forever()
]]
system.mkdir(folder .. "/served")
local started, server = pcall(system.spawn, { "python3", "-u", "-c", code, folder .. "/served" })
local port
for _ = 1, started and 100 or 0 do
  port = port or server:read():match "%d+"
  if not port then system.sleep(0.1) end
end

local function says(text, pattern) t.ok(tostring(text):find(pattern), tostring(text)) end

if not port then
  t.skip "python3 is needed to serve files"
else
  local function serve(name, content)
    system.write_atomic(folder .. "/served/" .. name, content)
    local address = ("http://127.0.0.1:%s/%s"):format(port, name)
    return { name = name, bytes = #content, sha256 = run.sha256(content), address }
  end

  t.test("a set of two files is fetched once, and is whole", function()
    local a, b = serve("a.txt", "one\n"), serve("b.txt", ("two\n"):rep(1000))
    catalogue.sets.toy = { about = "a toy", model = true, download = "4 KB", addresses = { a, b },
                           files = { { "a.txt", a.bytes, a.sha256 }, { "b.txt" } } }
    says(select(2, catalogue.get "toy"), "`moonlab data get toy` fetches it %(4 KB%)") -- unasked it is not fetched
    local where = assert(catalogue.get("toy", true))
    t.eq(where, folder .. "/home/data/toy")
    t.eq(catalogue.check "toy", {})
    system.remove(folder .. "/served/a.txt")
    t.eq(catalogue.get("toy", true), where)
    system.write_atomic(where .. "/a.txt", "one?\n")
    says(catalogue.check "toy"[1], "a.txt: 5 bytes, expected 4")
    system.write_atomic(where .. "/a.txt", "onE\n")
    says(catalogue.check "toy"[1], "damaged or another file")
  end)

  t.test("half a download is no set, and continues", function()
    local file = serve("c.bin", ("0123456789"):rep(20000))
    catalogue.sets.half = { about = "half", model = true, download = "200 KB", addresses = { file },
                            files = { { "c.bin" } } }
    local where = folder .. "/home/data/half"
    system.mkdir(where)
    system.write_atomic(where .. "/c.bin.part", ("0123456789"):rep(7000))
    t.eq(catalogue.find "half", nil)
    t.eq(catalogue.get("half", true), where)
    t.eq(system.list(where), { "c.bin" })
  end)

  t.test("a file that is not there, or is another one, leaves nothing under its name", function()
    local file = serve("d.txt", "what it should be")
    system.write_atomic(folder .. "/served/d.txt", "what it is now...")
    catalogue.sets.other = { about = "other", model = true, download = "1 KB", addresses = { file },
                             files = { { "d.txt" } } }
    local where, reason = catalogue.get("other", true)
    t.eq(where, nil)
    says(reason, "could not be fetched %(d.txt: exit code 69%); what it needs may also be put by hand")
    t.eq(system.list(folder .. "/home/data/other"), {})
    system.remove(folder .. "/served/d.txt")
    t.eq(catalogue.get("other", true), nil)
    catalogue.sets.nowhere = { about = "nowhere", files = { { "e.txt" } } }
    says(select(2, catalogue.get "nowhere"), "put e.txt there")
  end)

  t.test("every address of the catalogue has a checksum", function()
    for name, set in pairs(catalogue.sets) do
      for _, file in ipairs(set.addresses or {}) do
        says(file.sha256 or file.md5, "^" .. ("%x"):rep(file.sha256 and 64 or 32) .. "$")
        t.ok(file.bytes or file.md5 or file.unpacked, name)
        for _, address in ipairs(file) do says(address, "^https?://") end
        t.ok(set.download, name)
      end
    end
  end)
end

for _, name in ipairs { "toy", "half", "other", "nowhere" } do catalogue.sets[name] = nil end
if port then server:kill() end
system.set_environment("MOONLAB_HOME", home or "")
system.set_environment("MOONLAB_DATA", official or "")
system.remove(folder)
