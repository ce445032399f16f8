-- From JPEG files to batches against torchvision's DataLoader in the same run: images a second.
--
--     moonlab tests/bench/jpeg.lua [/path/to/python]
--
-- flowers17 (1,190 files of 128 x 128 in $MOONLAB_DATA) decoded, random resized crop to 96, flip, normalised, batches of
-- 64, two workers each; the best epoch of five after a first one that starts the workers. Python's loader decodes with
-- torchvision.io. Beside it: bare decoding on one thread, one worker, and the processor time of an image, which a busy
-- machine changes less.
local catalogue = require "catalogue"
local data = require "host.data"
local image = require "host.image"
local system = require "host.system"

local kSide, kBatch, kWorkers, kEpochs = 96, 64, 2, 5

local function files_in(folder)
  local files = {}
  for _, class in ipairs(system.list(folder)) do
    for _, file in ipairs(system.list(folder .. "/" .. class)) do
      files[#files + 1] = folder .. "/" .. class .. "/" .. file
    end
  end
  return files
end

local function decoding(folder)
  local files = files_in(folder)
  image.read(files[1])
  local begun = system.clock()
  for _, file in ipairs(files) do image.read(file) end
  return #files / (system.clock() - begun)
end

local function loading(folder, workers)
  local set = image.read_folder(folder, { name = "flowers17", height = kSide, width = kSide, memory = "stream",
    mean = { 0.485, 0.456, 0.406 }, deviation = { 0.229, 0.224, 0.225 } })
  local steps = { { kind = "resized_crop", size = kSide }, { kind = "flip" } }
  local loader = data.loader({ { set } }, { batch = kBatch, seed = 1, transform = { steps }, workers = workers })
  local best, cost = 0, math.huge
  for epoch = 0, kEpochs do
    local begun, used, n = system.clock(), os.clock(), 0
    for batch in loader:each(epoch) do n = n + batch.x:size(0) end
    if epoch > 0 then
      best = math.max(best, n / (system.clock() - begun))
      cost = math.min(cost, (os.clock() - used) / n * 1e6)
    end
  end
  return best, cost
end

local root = assert(catalogue.find "flowers17") .. "/train"
torch.set_num_threads(1)
print(("bare decoding, one thread     %7.0f images/s"):format(decoding(root)))
print(("loader, 1 worker              %7.0f   %4.0f us of processor time an image"):format(loading(root, 1)))
local ours, cost = loading(root, kWorkers)

local python = arg and arg[1] or (...)
if python then
  local peer = system.spawn { python, MOONLAB_ROOT .. "/tests/bench/peers/jpeg.py", root, tostring(kWorkers),
                              tostring(kEpochs), tostring(kSide), tostring(kBatch) }
  local code, text = peer:wait(600), peer:read()
  if code ~= 0 then
    io.stderr:write("jpeg.py failed:\n", peer:read_errors(), "\n")
    os.exit(1)
  end
  local decode, loader = text:match "decode ([%d.]+)", text:match "loader ([%d.]+)"
  local again, spent = loading(root, kWorkers) -- the machine may have become slower or faster meanwhile
  ours, cost = math.max(ours, again), math.min(cost, spent)
  local theirs = text:match "cost ([%d.]+)"
  print(("loader, %d workers             %7.0f   %4.0f"):format(kWorkers, ours, cost))
  print(("torchvision, bare decoding    %7.0f"):format(decode))
  print(("torchvision, %d workers        %7.0f   %4.0f   ratios %.2f and %.2f"):format(kWorkers, loader, theirs,
    ours / loader, theirs / cost))
else
  print(("loader, %d workers             %7.0f   %4.0f"):format(kWorkers, ours, cost))
end
