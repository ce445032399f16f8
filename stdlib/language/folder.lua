--- The names in a folder of the file system, without starting a process.

local ffi = require "ffi"

ffi.cdef [[
  typedef struct moonlab_dir moonlab_dir;
  struct moonlab_dirent { uint64_t ino; int64_t off; uint16_t reclen; uint8_t type; char name[256]; };
  moonlab_dir* opendir(const char*);
  struct moonlab_dirent* readdir(moonlab_dir*);
  int closedir(moonlab_dir*);
]]

local folder = {}

--- The names in `path` that match the Lua pattern, sorted; an empty list where there is no such folder.
function folder.files(path, pattern)
  local names = {}
  local handle = ffi.C.opendir(path)
  if handle == nil then return names end
  local entry = ffi.C.readdir(handle)
  while entry ~= nil do
    local name = ffi.string(entry.name)
    if name:match(pattern) then names[#names + 1] = name end
    entry = ffi.C.readdir(handle)
  end
  ffi.C.closedir(handle)
  table.sort(names)
  return names
end

return folder
