// Names of dtypes.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace moonlab {

/// PyTorch's name without "torch.": "float32", "int64", "bool", "bfloat16", "complex64".
std::string dtype_name(at::ScalarType type);

/// Understands dtype_name's names, PyTorch's other ones (float, double, half, long, int, short, ...) and short forms
/// (f16 f32 f64 bf16 i8 i16 i32 i64 u8 c64 c128).
std::optional<at::ScalarType> parse_dtype(std::string_view name);

}  // namespace moonlab
