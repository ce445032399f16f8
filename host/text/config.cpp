#include "host/text/config.hpp"

#include <fstream>
#include <sstream>

#include "host/error.hpp"

namespace moonlab::text {

std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) fail("cannot read ", file.string());
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) fail("cannot read ", file.string());
  return text.str();
}

nlohmann::ordered_json read_config(const std::filesystem::path& file) {
  auto config = nlohmann::ordered_json::parse(read_whole(file), nullptr, /*allow_exceptions=*/false);
  if (config.is_discarded()) fail(file.string(), ": no JSON, or cut short");
  if (!config.is_object()) fail(file.string(), ": expected a JSON object");
  return config;
}

}  // namespace moonlab::text
