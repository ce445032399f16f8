#include "host/tensor/dtype.hpp"

#include <unordered_map>

namespace moonlab {

using ST = at::ScalarType;

std::string dtype_name(ST type) {
  switch (type) {
    case ST::Byte: return "uint8";
    case ST::Char: return "int8";
    case ST::Short: return "int16";
    case ST::Int: return "int32";
    case ST::Long: return "int64";
    case ST::UInt16: return "uint16";
    case ST::UInt32: return "uint32";
    case ST::UInt64: return "uint64";
    case ST::Half: return "float16";
    case ST::Float: return "float32";
    case ST::Double: return "float64";
    case ST::BFloat16: return "bfloat16";
    case ST::Bool: return "bool";
    case ST::ComplexHalf: return "complex32";
    case ST::ComplexFloat: return "complex64";
    case ST::ComplexDouble: return "complex128";
    case ST::Float8_e5m2: return "float8_e5m2";
    case ST::Float8_e4m3fn: return "float8_e4m3fn";
    case ST::Float8_e5m2fnuz: return "float8_e5m2fnuz";
    case ST::Float8_e4m3fnuz: return "float8_e4m3fnuz";
    case ST::Float8_e8m0fnu: return "float8_e8m0fnu";
    case ST::QInt8: return "qint8";
    case ST::QUInt8: return "quint8";
    case ST::QInt32: return "qint32";
    default: return c10::toString(type);
  }
}

std::optional<ST> parse_dtype(std::string_view name) {
  static const auto* names = [] {
    auto* map = new std::unordered_map<std::string_view, ST>{
        {"float", ST::Float},      {"double", ST::Double},        {"half", ST::Half},      {"long", ST::Long},
        {"int", ST::Int},          {"short", ST::Short},          {"chalf", ST::ComplexHalf}, {"cfloat", ST::ComplexFloat},
        {"cdouble", ST::ComplexDouble}, {"f16", ST::Half},        {"f32", ST::Float},      {"f64", ST::Double},
        {"bf16", ST::BFloat16},    {"i8", ST::Char},              {"i16", ST::Short},      {"i32", ST::Int},
        {"i64", ST::Long},         {"u8", ST::Byte},              {"u16", ST::UInt16},     {"u32", ST::UInt32},
        {"u64", ST::UInt64},       {"c64", ST::ComplexFloat},     {"c128", ST::ComplexDouble}};
    static std::string spelled[static_cast<int>(ST::NumOptions)];
    for (ST t : {ST::Byte, ST::Char, ST::Short, ST::Int, ST::Long, ST::UInt16, ST::UInt32, ST::UInt64, ST::Half, ST::Float, ST::Double,
                 ST::BFloat16, ST::Bool, ST::ComplexHalf, ST::ComplexFloat, ST::ComplexDouble, ST::Float8_e5m2, ST::Float8_e4m3fn,
                 ST::Float8_e5m2fnuz, ST::Float8_e4m3fnuz, ST::Float8_e8m0fnu, ST::QInt8, ST::QUInt8, ST::QInt32})
      (*map)[spelled[static_cast<int>(t)] = dtype_name(t)] = t;
    return map;
  }();
  auto found = names->find(name);
  return found == names->end() ? std::nullopt : std::optional(found->second);
}

}  // namespace moonlab
