--- torch.cuda: what there is, without opening CUDA for the question.
local host = require "host.rng"

local cuda = {}

--- Whether there is a GPU that this process could use.
-- @usage print(torch.cuda.is_available())
function cuda.is_available() return host.gpu_count() > 0 end

--- Number of GPUs.
-- @usage print(torch.cuda.device_count())
function cuda.device_count() return host.gpu_count() end

--- Waits until a GPU has done all work given to it; "cuda" is the current one.
-- @usage torch.cuda.synchronize()
function cuda.synchronize(device) host.synchronize(device or "cuda") end

--- Whether this process uses CUDA already.
-- @usage print(torch.cuda.is_initialized())
function cuda.is_initialized() return host.cuda_is_open() end

return cuda
