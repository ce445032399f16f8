#include "host/tensor/dtype.hpp"

#include <array>
#include <unordered_map>

namespace moonlab {

namespace {

using enum at::ScalarType;

constexpr int kTypes = static_cast<int>(NumOptions);

// clang-format off
constexpr std::pair<const char*, at::ScalarType> kShortNames[] = {
    {"f16", Half},   {"f32", Float},  {"f64", Double}, {"bf16", BFloat16}, {"boolean", Bool},
    {"i8", Char},    {"i16", Short},  {"i32", Int},    {"i64", Long},      {"char", Char},
    {"u8", Byte},    {"u16", UInt16}, {"u32", UInt32}, {"u64", UInt64},    {"byte", Byte},
    {"c32", ComplexHalf}, {"c64", ComplexFloat}, {"c128", ComplexDouble}};
// clang-format on

struct Names {
  std::array<std::string, kTypes> spelled;
  std::unordered_map<std::string, at::ScalarType> types;
};

const Names& names() {
  static const Names* all = [] {
    auto* made = new Names;
    for (int i = 0; i < kTypes; ++i) {
      const auto type = static_cast<at::ScalarType>(i);
      if (type == Undefined) {
        made->spelled[i] = "undefined";
        continue;
      }
      const auto pair = c10::getDtypeNames(type);  // LibTorch's own table: "float32" and "float"
      made->spelled[i] = std::string(pair.first);
      made->types.emplace(pair.first, type);
      if (!pair.second.empty()) made->types.emplace(pair.second, type);
    }
    for (auto [name, type] : kShortNames) made->types.emplace(name, type);
    return made;
  }();
  return *all;
}

}  // namespace

std::string dtype_name(at::ScalarType type) {
  const int i = static_cast<int>(type);
  return i >= 0 && i < kTypes ? names().spelled[i] : "undefined";
}

std::optional<at::ScalarType> parse_dtype(std::string_view name) {
  const auto& types = names().types;
  auto found = types.find(std::string(name));
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace moonlab
