// Small pictures of a class side by side on one large one: a folder of CIFAR as a few hundred files.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace moonlab::data {

struct TileSheets {
  at::Tensor images;                     // uint8 [N, 3, tile, tile], class by class
  at::Tensor labels;                     // long [N]
  std::vector<std::string> class_names;  // in the order of index.json
};

/// FOLDER/index.json: { "tile": side, "cols": tiles a row, "classes": [names], "counts": { SPLIT: { name: n } } }; then
/// FOLDER/SPLIT/CLASS.jpg holds n tiles, row by row from the top left; the rest of its last row is left out. Sheets of
/// JPEG are lossy: no numbers of the original set to the last digit. Errors name the file: a key that is missing, a
/// sheet of another size than its count asks for.
TileSheets read_tile_sheets(const std::filesystem::path& folder, const std::string& split);

}  // namespace moonlab::data
