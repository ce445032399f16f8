// Lists of whole numbers in MATLAB files: the labels and splits of 102 Flowers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace moonlab::data {

/// The numbers of an array of a MATLAB file of version 5 (compressed or not, of either byte order), column by column.
/// Errors: "FILE: is no MATLAB file of version 5", "FILE: cut short", no array of this name (with the nearest), one
/// that holds no numbers, or others than whole ones.
std::vector<int64_t> read_mat_numbers(const std::filesystem::path& file, const std::string& name);

}  // namespace moonlab::data
