#include "host/tensor/dtype.hpp"

#include <catch2/catch.hpp>

using moonlab::dtype_name;
using moonlab::parse_dtype;

TEST_CASE("every dtype has a name that is read back") {
  for (int i = 0; i < static_cast<int>(at::ScalarType::Undefined); ++i) {
    const auto type = static_cast<at::ScalarType>(i);
    CAPTURE(i, dtype_name(type));
    CHECK(parse_dtype(dtype_name(type)) == type);
  }
  CHECK(dtype_name(at::ScalarType::Undefined) == "undefined");
}

TEST_CASE("dtypes have PyTorch's names and short ones") {
  CHECK(dtype_name(at::kFloat) == "float32");
  CHECK(dtype_name(at::kComplexFloat) == "complex64");
  for (auto name : {"float", "float32", "f32"}) CHECK(parse_dtype(name) == at::kFloat);
  for (auto name : {"long", "int64", "i64"}) CHECK(parse_dtype(name) == at::kLong);
  for (auto name : {"half", "float16", "f16"}) CHECK(parse_dtype(name) == at::kHalf);
  for (auto name : {"bfloat16", "bf16"}) CHECK(parse_dtype(name) == at::kBFloat16);
  CHECK(parse_dtype("double") == at::kDouble);
  CHECK(parse_dtype("int") == at::kInt);
  CHECK(parse_dtype("short") == at::kShort);
  CHECK(parse_dtype("u8") == at::kByte);
  CHECK(parse_dtype("c128") == at::kComplexDouble);
  for (auto name : {"", "Float", "float33", "torch.float32", "undefined"}) CHECK_FALSE(parse_dtype(name));
}
