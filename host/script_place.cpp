#include "host/script_place.hpp"

#include <atomic>
#include <cstdlib>
#include <fstream>

namespace moonlab {

static std::atomic<PlaceFinder> finder_{nullptr};

void set_place_finder(PlaceFinder finder) noexcept { finder_ = finder; }

std::string script_place() {
  PlaceFinder find = finder_;
  return find ? find() : "";
}

std::string source_line(const std::string& place) {
  const size_t colon = place.rfind(':');
  if (colon == place.npos) return "";
  std::ifstream file(place.substr(0, colon));
  std::string line;
  for (long n = std::strtol(place.c_str() + colon + 1, nullptr, 10); n > 0; --n)
    if (!std::getline(file, line)) return "";
  const size_t first = line.find_first_not_of(" \t\r");
  return first == line.npos ? "" : line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace moonlab
