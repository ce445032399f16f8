--- A model's weights in one file, in the safetensors format. Written whole or not at all; what is loaded lies in the mapped
-- file, so that a later save to the same path does not touch it.
local safetensors = require "safetensors"

local checkpoint = {}

--- Writes { name = tensor } to a file. Errors: the system's reason, a dtype the format lacks.
function checkpoint.save(path, tensors) safetensors.save_file(tensors, path) end

--- Reads { name = tensor } from a file that save wrote, or any other of the format. Errors: not such a file, or one cut
-- short, by name.
function checkpoint.load(path) return safetensors.load_file(path) end

return checkpoint
