// Tables behind unicode.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace moonlab::text::unicode_data {

struct Stretch {
  uint32_t first, last;
  int32_t step, delta;
};
struct Single {
  uint32_t from, to;
};
struct Several {
  uint32_t from, to[3];
};

extern const uint32_t classes[];
extern const size_t class_count;
extern const Stretch lower[];
extern const size_t lower_count;
extern const Single base[];
extern const size_t base_count;
extern const Several base_several[];
extern const size_t base_several_count;

}  // namespace moonlab::text::unicode_data
