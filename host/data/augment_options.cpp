#include "host/data/augment_options.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::data {

Range range_in(const StepOptions& o, const char* key, double least, double most) {
  const StepOptions& value = o.at(key);
  if (!value.is_array() || value.size() != 2) fail("augment: ", key, " takes { low, high }, got ", value.dump());
  const Range range{value[0].get<double>(), value[1].get<double>()};
  if (!(range.low > least && range.low <= range.high && range.high <= most))
    fail("augment: ", key, " ", value.dump(), " is not a range above ", least, " up to ", most);
  return range;
}

Range spread_in(const StepOptions& o, const char* key, double centre, double least, double most) {
  const StepOptions& value = o.at(key);
  if (value.is_number()) {
    const double wide = value;
    if (!(wide >= 0 && centre + wide <= most))
      fail("augment: ", key, " = ", wide, " is not within 0 .. ", most - centre);
    return {std::max(least, centre - wide), centre + wide};
  }
  if (!value.is_array() || value.size() != 2)
    fail("augment: ", key, " takes a number or { low, high }, got ", value.dump());
  const Range range{value[0].get<double>(), value[1].get<double>()};
  if (!(range.low >= least && range.low <= range.high && range.high <= most))
    fail("augment: ", key, " ", value.dump(), " is not a range within ", least, " .. ", most);
  return range;
}

double share_in(const StepOptions& o, const char* key) {
  const double value = o.at(key);
  if (!(value >= 0 && value <= 1)) fail("augment: ", key, " = ", value, " is not in [0, 1]");
  return value;
}

size_t one_in(const StepOptions& o, const char* key, const std::vector<std::string>& words) {
  const std::string name = o.at(key);
  const auto found = std::find(words.begin(), words.end(), name);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
  fail("augment: unknown ", key, " '", name, "'", did_you_mean(name, words), " (", list, ")");
}

bool is_bilinear(const StepOptions& o) { return one_in(o, "interpolation", {"nearest", "bilinear"}) == 1; }

}  // namespace moonlab::data
