#include <nlohmann/json.hpp>

#include "host/weights/safetensors.hpp"

namespace moonlab::weights::detail {

namespace {

using enum at::ScalarType;

// The reference library writes wide dtypes first, those of one width in this order. F6 has no dtype in LibTorch.
constexpr SafetensorsType kTypes[] = {{"U64", UInt64, 0},
                                      {"I64", Long, 1},
                                      {"F64", Double, 2},
                                      {"C64", ComplexFloat, 3},
                                      {"F32", Float, 4},
                                      {"U32", UInt32, 5},
                                      {"I32", Int, 6},
                                      {"BF16", BFloat16, 7},
                                      {"F16", Half, 8},
                                      {"U16", UInt16, 9},
                                      {"I16", Short, 10},
                                      {"F8_E5M2FNUZ", Float8_e5m2fnuz, 11},
                                      {"F8_E4M3FNUZ", Float8_e4m3fnuz, 12},
                                      {"F8_E8M0", Float8_e8m0fnu, 13},
                                      {"F8_E4M3", Float8_e4m3fn, 14},
                                      {"F8_E5M2", Float8_e5m2, 15},
                                      {"I8", Char, 16},
                                      {"U8", Byte, 17},
                                      {"F4", Float4_e2m1fn_x2, 18},
                                      {"BOOL", Bool, 19}};

}  // namespace

const SafetensorsType* safetensors_type(at::ScalarType type) {
  for (const auto& known : kTypes)
    if (known.type == type) return &known;
  return nullptr;
}

const SafetensorsType* safetensors_type(std::string_view name) {
  for (const auto& known : kTypes)
    if (known.name == name) return &known;
  return nullptr;
}

std::vector<std::string> safetensors_types() {
  std::vector<std::string> names;
  for (const auto& known : kTypes) names.emplace_back(known.name);
  return names;
}

std::string shown(std::string_view text) {
  constexpr size_t kMost = 80;
  const bool cut = text.size() > kMost;
  if (cut) text = text.substr(0, kMost);
  using Json = nlohmann::json;
  // a letter cut in two, or bytes that are no UTF-8, become the replacement character
  std::string result = Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
  result.front() = result.back() = '\'';
  return cut ? result + "..." : result;
}

}  // namespace moonlab::weights::detail
