// The JSON files that describe pretrained models.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace moonlab::text {

/// A file that holds one JSON object. Errors: "FILE: no JSON, or cut short", "FILE: expected a JSON object".
nlohmann::ordered_json read_config(const std::filesystem::path& file);

/// The whole content of a file. Errors: "cannot read FILE".
std::string read_whole(const std::filesystem::path& file);

}  // namespace moonlab::text
