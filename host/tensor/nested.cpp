#include "host/tensor/nested.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "host/device.hpp"
#include "host/error.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab {

Nested::Nested(const at::Tensor& tensor) : shape(tensor.sizes().vec()) {
  at::Tensor t = tensor.detach().to(at::kCPU);
  if (t.layout() != at::kStrided) t = t.to_dense();
  if (t.is_quantized()) t = t.dequantize();
  if (at::isComplexType(t.scalar_type())) t = t.to(at::kComplexDouble);
  else if (at::isFloatingType(t.scalar_type())) t = t.to(at::kDouble);
  else if (t.scalar_type() != at::kBool) t = t.to(at::kLong);
  data_ = t.resolve_conj().resolve_neg().contiguous();
}

c10::Scalar Nested::item(int64_t i) const {
  switch (data_.scalar_type()) {
    case at::kBool:
      return data_.const_data_ptr<bool>()[i];
    case at::kLong:
      return data_.const_data_ptr<int64_t>()[i];
    case at::kDouble:
      return data_.const_data_ptr<double>()[i];
    default:
      return data_.const_data_ptr<c10::complex<double>>()[i];
  }
}

namespace {

/// As PyTorch: what does not fit is refused, but negative numbers wrap in unsigned dtypes.
void check_range(int64_t value, at::ScalarType type) {
  const size_t bits = 8 * c10::elementSize(type);
  if (bits >= 64) return;
  const bool is_signed = at::isSignedType(type);
  const int64_t most = (int64_t{1} << (bits - (is_signed ? 1 : 0))) - 1;
  const int64_t least = is_signed ? -most - 1 : -most;
  if (value < least || value > most)
    fail("torch.tensor: ", value, " does not fit ", dtype_name(type), " (", is_signed ? least : 0, " to ", most, ")");
}

}  // namespace

void NestedBuilder::open(size_t depth, int64_t length) {
  if (leaf_depth_ >= 0 && static_cast<int64_t>(depth) >= leaf_depth_)
    fail("torch.tensor: numbers and lists at one level");
  if (depth >= shape_.size()) shape_.resize(depth + 1, -1);
  if (shape_[depth] >= 0 && shape_[depth] != length)
    fail("torch.tensor: ragged table: lists of ", shape_[depth], " and of ", length, " items in dim ", depth);
  shape_[depth] = length;
}

void NestedBuilder::add(size_t depth, const c10::Scalar& number) {
  if (leaf_depth_ < 0) leaf_depth_ = static_cast<int64_t>(depth);
  if (leaf_depth_ != static_cast<int64_t>(depth) || shape_.size() != depth)
    fail("torch.tensor: numbers and lists at one level");
  booleans_ = booleans_ && number.isBoolean();
  complex_ = complex_ || number.isComplex();
  auto c = number.toComplexDouble();
  real_.push_back(c.real());
  imaginary_.push_back(c.imag());
  const bool exact = number.isIntegral(false);
  any_exact_ = any_exact_ || exact;
  exact_.push_back(exact ? number.toLong() : 0);
}

at::Tensor NestedBuilder::build(const std::string& dtype, const std::string& device) const {
  return at::lift_fresh(unlifted(dtype, device));  // a transform that runs sees a fresh tensor
}

at::Tensor NestedBuilder::unlifted(const std::string& dtype, const std::string& device) const {
  // inside a transform of a function every new tensor would be wrapped, and a wrapper has no memory to write to
  c10::impl::ExcludeDispatchKeyGuard outside(c10::DispatchKeySet(
      {c10::DispatchKey::FuncTorchDynamicLayerFrontMode, c10::DispatchKey::FuncTorchDynamicLayerBackMode}));
  at::ScalarType type = complex_                      ? at::kComplexFloat
                        : booleans_ && !real_.empty() ? at::kBool
                                                      : at::typeMetaToScalarType(at::get_default_dtype());
  if (!dtype.empty()) {
    auto parsed = parse_dtype(dtype);
    if (!parsed) fail("torch.tensor: unknown dtype '", dtype, "'");
    type = *parsed;
  }
  at::Tensor t;
  if (complex_) {
    t = at::complex(at::tensor(real_, at::kDouble), at::tensor(imaginary_, at::kDouble));
  } else if (at::isIntegralType(type, false)) {
    t = at::empty({static_cast<int64_t>(real_.size())}, at::kLong);
    auto* out = t.mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < real_.size(); ++i) {
      if (exact_[i] != 0 || std::abs(real_[i]) < 9e18)
        check_range(exact_[i] != 0 ? exact_[i] : static_cast<int64_t>(real_[i]), type);
      // an exact 64-bit integer keeps all its bits; other numbers are cut as PyTorch cuts them
      if (exact_[i] != 0) out[i] = exact_[i];
      else if (real_[i] >= -9223372036854775808.0 && real_[i] < 9223372036854775808.0)
        out[i] = static_cast<int64_t>(real_[i]);
      else fail("torch.tensor: ", real_[i], " does not fit ", dtype);
    }
  } else {
    t = at::tensor(real_, at::kDouble);
  }
  if (at::isComplexType(type) || !complex_) t = t.to(type);
  else fail("torch.tensor: complex numbers do not fit ", dtype);
  t = t.reshape(shape_);
  return device.empty() ? t : t.to(open_device(device));
}

}  // namespace moonlab
