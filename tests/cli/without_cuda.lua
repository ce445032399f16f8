-- LibTorch without CUDA: the CPU build has no libtorch_cuda.so. A copy of LibTorch's folder, made of links, without the CUDA
-- libraries stands in for it; the program is led to it by a copy of itself whose search path is cut off.
local t = require "test"
local system = require "host.system"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The folder from which this process has LibTorch.
local function torch_folder()
  for line in io.lines "/proc/self/maps" do
    local folder = line:match "(/.*)/libtorch_cpu%.so"
    if folder then return folder end
  end
end

local folder = torch_folder()
local home = os.tmpname()
os.remove(home)

local function run(code, environment)
  environment = environment or {}
  environment.LD_LIBRARY_PATH = home .. "/lib"
  environment.MOONLAB_ROOT = MOONLAB_ROOT
  local process = system.spawn { environment = environment, home .. "/moonlab", "-e", code, directory = MOONLAB_ROOT }
  local exit = process:wait(60)
  return exit, process:read(), process:read_errors()
end

local function prepare()
  if not folder then t.skip "this process has no libtorch_cpu.so among its files" end
  assert(os.execute(("mkdir -p '%s/lib'"):format(home)))
  for _, name in ipairs(system.list(folder)) do
    -- whatever belongs to CUDA stays out
    if name:match "%.so" and not name:find "cuda" and not name:find "nvshmem" then
      assert(os.execute(("ln -s '%s/%s' '%s/lib/%s'"):format(folder, name, home, name)))
    end
  end
  -- LibTorch's own libraries of the CUDA runtime are found from their real place; the path of this folder in the program
  -- gives way to one of the same length that does not exist
  local program = read(system.executable())
  local place = folder:gsub("%p", "%%%0")
  local nowhere = ("/"):rep(#folder - 8) .. "/nowhere"
  local cut, count = program:gsub(place, (nowhere:gsub("%%", "%%%%")))
  t.ok(count > 0, "the program names the folder of its LibTorch")
  local file = assert(io.open(home .. "/moonlab", "wb"))
  file:write(cut)
  file:close()
  assert(os.execute(("chmod +x '%s/moonlab'"):format(home)))
end

t.test("it starts, computes and differentiates", function()
  prepare()
  local exit, out, err = run [[
    local used = io.open("/proc/self/maps"):read "*a"
    print(used:match "(%S+)/libtorch_cpu%.so" ~= nil, used:find "libtorch_cuda%.so" == nil)
    local x = torch.ones(2, 2, { requires_grad = true })
    x:mm(x):sum():backward()
    print(x.grad:sum():item())]]
  t.eq(err, "")
  t.eq(out, "true\ttrue\n16\n")
  t.eq(exit, 0)
end)

t.test("a tensor on CUDA is an error that says what is missing", function()
  local _, out = run [[
    torch.ones(1, { requires_grad = true }):sum():backward()
    print(select(2, pcall(function() return torch.zeros(1, { device = "cuda" }) end)))
    print(select(2, pcall(function() return torch.ones(1):cuda() end)), torch.cuda.is_initialized())]]
  if out:find "no NVIDIA GPU" then
    local _, count = out:gsub("device 'cuda': no NVIDIA GPU or driver here %(available: cpu%)", "")
    t.eq(count, 2, out)
  else
    t.ok(out:find("this LibTorch cannot use CUDA: libc10_cuda.so", 1, true), out)
  end
  t.ok(out:find "false%s*$", out)
end)

-- A driver that knows one GPU, so that the way to CUDA's libraries is gone as far as it goes without them.
local driver = [[
#include <string.h>
int cuInit(unsigned f) { return 0; }
int cuDeviceGetCount(int* n) { *n = 1; return 0; }
int cuDeviceGet(int* d, int i) { *d = i; return 0; }
int cuDeviceGetName(char* s, int n, int d) { strncpy(s, "Paper GPU", n); return 0; }
int cuDeviceTotalMem_v2(size_t* n, int d) { *n = 1ul << 34; return 0; }
int cuDeviceGetUuid(unsigned char* u, int d) { for (int i = 0; i < 16; ++i) u[i] = i; return 0; }
int cuDeviceGetAttribute(int* v, int a, int d) {
  *v = a == 75 ? 9 : a == 76 ? 1 : a == 16 ? 132 : 0;
  return a == 97; /* one that this driver does not know */
}
]]

t.test("with a GPU but without LibTorch's CUDA libraries", function()
  local source = home .. "/driver.c"
  local file = assert(io.open(source, "w"))
  file:write(driver)
  file:close()
  if os.execute(("cc -w -shared -fPIC -o '%s/lib/libcuda.so.1' '%s' 2>/dev/null"):format(home, source)) ~= 0 then t.skip "no C compiler" end
  local exit, out, err = run [[
    print(torch.cuda.is_available(), torch.cuda.device_count(), torch.cuda.get_device_name(), torch.cuda.get_device_capability())
    local p = torch.cuda.get_device_properties(0)
    print(p.total_memory, p.multi_processor_count, p.uuid, p.shared_memory_per_block_optin, torch.cuda.is_initialized())
    print(select(2, pcall(torch.cuda.get_device_properties, 3)))
    print(select(2, pcall(function() return torch.zeros(1, { device = "cuda" }) end)))
    print(select(2, pcall(torch.cuda.Stream)))
    print(torch.ones(2):sum():item(), torch.cuda.memory_allocated())]]
  os.remove(home .. "/lib/libcuda.so.1")
  t.eq(err, "")
  t.eq(exit, 0)
  local lines = {}
  for one in out:gmatch "[^\n]+" do lines[#lines + 1] = one end
  t.eq(lines[1], "false\t1\tPaper GPU\t9\t1")
  t.eq(lines[2], "17179869184\t132\t00010203-0405-0607-0809-0a0b0c0d0e0f\tnil\tfalse")
  t.ok(lines[3]:find("device 'cuda:3': there is 1 GPU, counted from 0", 1, true), lines[3])
  t.ok(out:find("zeros: device 'cuda': this LibTorch cannot use CUDA: libc10_cuda.so", 1, true), out)
  t.ok(out:find("a CUDA build of LibTorch and its NVIDIA libraries are needed", 1, true), out)
  t.eq(lines[#lines], "2\t0")
end)

t.test("without a library of LibTorch itself the loader says which", function()
  assert(os.execute(("mv '%s/lib/libc10.so' '%s/lib/libc10.away'"):format(home, home)))
  local exit, _, err = run "print(1)"
  os.execute(("mv '%s/lib/libc10.away' '%s/lib/libc10.so'"):format(home, home))
  t.ok(exit ~= 0, "it cannot start")
  t.ok(err:find("libc10.so", 1, true), err)
end)

os.execute(("rm -rf '%s'"):format(home))
