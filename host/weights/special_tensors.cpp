#include "host/weights/special_tensors.hpp"

#include <ATen/Functions.h>

#include "host/weights/torch_rebuild.hpp"

namespace moonlab::weights {

namespace {

at::Layout layout_of(const std::string& name) {
  if (name == "sparse_csr") return at::kSparseCsr;
  if (name == "sparse_csc") return at::kSparseCsc;
  if (name == "sparse_bsr") return at::kSparseBsr;
  if (name == "sparse_bsc") return at::kSparseBsc;
  throw std::invalid_argument("the layout '" + name.substr(0, 40) + "'");
}

/// A list of numbers or a tensor of them.
at::Tensor parameters(const CallArguments& a, size_t i, at::ScalarType type, CopyBudget& budget) {
  if (a[i].as<at::Tensor>()) budget.charge(a.tensor(i));
  else budget.charge(16 * a.sequence(i).items.size());
  if (a[i].as<at::Tensor>()) return a.tensor(i).to(type);
  std::vector<double> numbers;
  CallArguments list(a.sequence(i).items);
  for (size_t k = 0; k < list.count(); ++k) numbers.push_back(list.number(k));
  return at::tensor(numbers, at::kDouble).to(type);
}

}  // namespace

at::Tensor sparse_tensor(const CallArguments& a, CopyBudget& budget) {
  const std::string layout = a.word(0);
  CallArguments data(a.sequence(1).items);
  for (size_t i = 0; i < data.count(); ++i) {
    if (const auto* part = data[i].as<at::Tensor>()) budget.charge(*part);
    const auto* size = data[i].as<Sequence>();
    if (size && size->items.size() > kMostDims) throw std::invalid_argument("a sparse tensor of too many dims");
  }
  if (layout == "sparse_coo") {
    const at::Tensor &indices = data.tensor(0), &values = data.tensor(1);
    const auto size = data.integers(2);
    std::optional<bool> coalesced;
    if (data.count() > 3 && !data[3].is_none()) coalesced = data.boolean(3);
    at::_validate_sparse_coo_tensor_args(indices, values, size, coalesced);
    return at::_sparse_coo_tensor_unsafe(indices, values, size, values.options().layout(at::kSparse), coalesced);
  }
  const at::Layout kind = layout_of(layout);
  const at::Tensor &compressed = data.tensor(0), &plain = data.tensor(1), &values = data.tensor(2);
  const auto size = data.integers(3);
  at::_validate_sparse_compressed_tensor_args(compressed, plain, values, size, kind);
  return at::_sparse_compressed_tensor_unsafe(compressed, plain, values, size, values.options().layout(kind));
}

at::Tensor quantized_tensor(const CallArguments& a, CopyBudget& budget) {
  const StorageValue& s = a.storage(0);
  if (!c10::isQIntType(s.type)) throw std::invalid_argument("a quantized tensor in a storage of plain numbers");
  const int64_t offset = a.integer(1);
  const auto sizes = a.integers(2), strides = a.integers(3);
  at::Tensor checked =
      view_of(s.storage, at::toUnderlying(s.type), offset, sizes, strides);  // throws where it does not fit
  CallArguments scheme(a.sequence(4).items);
  const std::string kind = scheme.word(0);
  const auto options = at::TensorOptions().dtype(s.type).device(s.storage.device());
  at::Tensor out;
  if (kind == "per_tensor_affine") {
    out = at::_empty_affine_quantized({0}, options, scheme.number(1), scheme.integer(2));
  } else if (kind == "per_channel_affine" || kind == "per_channel_affine_float_qparams") {
    const bool floating = kind != "per_channel_affine";
    at::Tensor scales = parameters(scheme, 1, floating ? at::kFloat : at::kDouble, budget);
    at::Tensor zeros = parameters(scheme, 2, floating ? at::kFloat : at::kLong, budget);
    const int64_t axis = scheme.integer(3);
    if (axis < 0 || axis >= checked.dim())
      throw std::invalid_argument("a quantized axis that the tensor does not have");
    if (scales.dim() != 1 || zeros.dim() != 1 || scales.numel() != sizes[axis] || zeros.numel() != sizes[axis]) {
      throw std::invalid_argument("as many scales and zero points as the quantized axis has elements are expected");
    }
    if (checked.numel() > static_cast<int64_t>(s.storage.nbytes()))
      throw std::invalid_argument("a quantized tensor larger than its storage");
    out = at::_empty_per_channel_affine_quantized(sizes, scales, zeros, axis, options);
  } else {
    throw std::invalid_argument("the quantization scheme '" + kind.substr(0, 40) + "'");
  }
  return out.set_(s.storage, offset, sizes, strides);
}

at::Tensor meta_tensor(const CallArguments& a) {
  const auto sizes = a.integers(1), strides = a.integers(2);
  if (sizes.size() != strides.size()) throw std::invalid_argument("sizes and strides differ in number");
  if (sizes.size() > kMostDims) throw std::invalid_argument("a tensor of too many dims");
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0 || strides[i] < 0) throw std::invalid_argument("a negative size or stride");
  }
  auto out = at::empty_strided(sizes, strides, at::TensorOptions().dtype(a.dtype(0)).device(at::kMeta));
  if (a.boolean(3)) out.set_requires_grad(true);
  return out;
}

}  // namespace moonlab::weights
