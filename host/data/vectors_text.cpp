#include "host/data/vectors_text.hpp"

#include <ATen/ATen.h>

#include <charconv>
#include <cstring>
#include <vector>

#include "host/data/byte_source.hpp"
#include "host/error.hpp"
#include "host/interrupt.hpp"

namespace moonlab::data {

namespace {

constexpr int64_t kLook = 1024;  // lines between two looks at interrupts
constexpr std::string_view kBetween = " \t,";

}  // namespace

at::Tensor read_vectors(const std::filesystem::path& file) {
  ByteSource in(file);
  std::vector<float> numbers;
  int64_t width = 0, rows = 0;
  for (std::string_view line; in.read_line(line);) {
    if (in.line_number() % kLook == 0) poll_interrupt();
    int64_t found = 0;
    while (true) {
      line.remove_prefix(std::min(line.size(), line.find_first_not_of(kBetween)));
      if (line.empty()) break;
      const std::string_view word = line.substr(0, line.find_first_of(kBetween));
      float value = 0;
      const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
      if (code != std::errc() || end != word.data() + word.size())
        fail(in.name(), ": line ", in.line_number(), ": number ", found + 1, ": '", word.substr(0, 40),
             "' is no number");
      numbers.push_back(value);
      ++found;
      line.remove_prefix(word.size());
    }
    if (found == 0) continue;
    if (rows++ == 0) width = found;
    if (found != width)
      fail(in.name(), ": line ", in.line_number(), ": expected ", width, " numbers, got ", found);
  }
  if (rows == 0) fail(in.name(), ": holds no numbers");
  at::Tensor vectors = at::empty({rows, width}, at::kFloat);
  std::memcpy(vectors.mutable_data_ptr<float>(), numbers.data(), numbers.size() * sizeof(float));
  return vectors;
}

}  // namespace moonlab::data
