--- The four IDX files of MNIST and of the sets made in its image, as an origin (dataset.lua).
local catalogue = require "catalogue"
local data = require "host.data"

--- @param about { name, folder, class_names, counts, mean, deviation }
return function(about)
  about.official_test = true
  local described = { name = about.name, class_names = about.class_names, mean = { about.mean },
                      deviation = { about.deviation } }
  function about.read(folder)
    local function part(name)
      return data.read_idx(catalogue.file(folder, name .. "-images-idx3-ubyte.gz"),
        catalogue.file(folder, name .. "-labels-idx1-ubyte.gz"), described)
    end
    return part "train", part "t10k"
  end
  return about
end
