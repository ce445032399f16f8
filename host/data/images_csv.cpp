#include "host/data/images_csv.hpp"

#include <algorithm>
#include <charconv>

#include "host/data/byte_source.hpp"
#include "host/error.hpp"

namespace moonlab::data {

std::pair<at::Tensor, at::Tensor> read_csv_images(const std::filesystem::path& file, int64_t height, int64_t width,
                                                  int64_t classes) {
  ByteSource in(file);
  const int64_t pixels = height * width;
  std::vector<uint8_t> images;
  std::vector<int64_t> labels;
  for (std::string_view line; in.read_line(line);) {
    if (line.empty()) continue;
    const char *p = line.data(), *end = p + line.size();
    for (int64_t column = 0; column <= pixels; ++column) {
      int value = -1;
      auto [rest, code] = std::from_chars(p, end, value);
      const char* stop = std::find(rest, end, ',');
      const bool last = column == pixels;
      if (code != std::errc() || rest != stop)
        fail(in.name(), ": line ", in.line_number(), ": number ", column + 1, ": '",
             std::string(p, std::find(p, end, ',')), "' is not a whole number");
      if (!last && (value < 0 || value > 255))
        fail(in.name(), ": line ", in.line_number(), ": pixel ", column + 1, ": ", value, " is not in 0..255");
      if ((stop == end) != last)
        fail(in.name(), ": line ", in.line_number(), ": expected ", pixels + 1, " numbers, got ",
             std::count(line.begin(), line.end(), ',') + 1);
      if (!last) images.push_back(static_cast<uint8_t>(value));
      else if (value < 0 || value >= classes)
        fail(in.name(), ": line ", in.line_number(), ": label ", value, " is out of range: ", classes, " classes");
      else labels.push_back(value);
      p = stop + 1;
    }
  }
  if (labels.empty()) fail(in.name(), ": holds no images");
  const auto n = static_cast<int64_t>(labels.size());
  return {at::tensor(at::ArrayRef<uint8_t>(images), at::kByte).reshape({n, 1, height, width}), at::tensor(labels)};
}

}  // namespace moonlab::data
