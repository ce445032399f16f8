#include "host/tensor/index.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <string>

#include "host/error.hpp"
#include "host/tensor/print.hpp"
#include "host/tensor/slice_string.hpp"

namespace moonlab {

using at::indexing::TensorIndex;
using Terms = std::vector<TensorIndex>;

namespace {

// ---- what does not fit --------------------------------------------------------------------------------------------

[[noreturn]] void out_of_range(int64_t index, int64_t dim, int64_t size) {
  if (size == 0) fail("index ", index, " is out of range for dim ", dim, " of size 0 (valid: none)");
  fail("index ", index, " is out of range for dim ", dim, " of size ", size, " (valid: ", -size, " to ", size - 1, ")");
}

void check_index(int64_t index, int64_t dim, int64_t size) {
  if (index < -size || index >= size) out_of_range(index, dim, size);
}

bool is_mask(const at::Tensor& t) { return t.scalar_type() == at::kBool || t.scalar_type() == at::kByte; }

/// How many dims of x the term takes.
int64_t dims_taken(const TensorIndex& term) {
  if (term.is_integer() || term.is_slice()) return 1;
  if (term.is_tensor()) return is_mask(term.tensor()) ? term.tensor().dim() : 1;
  return 0;
}

std::string shape_text(at::IntArrayRef sizes) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i) text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

void check_tensor_term(const at::Tensor& x, const at::Tensor& index, int64_t dim) {
  if (is_mask(index)) {
    for (int64_t i = 0; i < index.dim(); ++i)
      if (index.size(i) != x.size(dim + i))
        fail("mask of shape ", shape_text(index.sizes()), " does not fit shape ", shape_text(x.sizes()), ": dim ",
             dim + i, " has size ", x.size(dim + i), ", not ", index.size(i));
    return;
  }
  const bool wide = index.scalar_type() == at::kLong || index.scalar_type() == at::kInt;
  if (!wide && (index.dim() > 0 || !at::isIntegralType(index.scalar_type(), false)))
    fail("an index tensor must be int64 or int32, a mask bool, got ", summary(index));
}

/// Throws where the terms do not fit x, looking at shapes and integers only. The values of index tensors, which may lie
/// on a device, are looked at with `values`.
void check(const at::Tensor& x, const Terms& terms, bool values) {
  int64_t taken = 0, ellipses = 0;
  for (const TensorIndex& term : terms) {
    if (term.is_tensor() && !term.tensor().defined()) fail("a tensor cannot be indexed by an undefined tensor");
    taken += dims_taken(term);
    ellipses += term.is_ellipsis();
  }
  if (x.is_nested()) return;
  if (x.dim() == 0 && taken > 0) fail("a 0-dim tensor has no dims to index; x:item() is its number");
  if (taken > x.dim()) fail("too many indices: tensor of ", x.dim(), " dims, got ", taken);
  if (ellipses > 1) fail("an index can hold one '...', got ", ellipses);
  int64_t dim = 0;
  for (const TensorIndex& term : terms) {
    if (term.is_integer()) {
      check_index(term.integer().expect_int(), dim, x.size(dim));
    } else if (term.is_slice() && term.slice().step() < 1) {
      fail("a range needs a positive step, got ", term.slice().step(), "; x:flip(dim) reverses a dim");
    } else if (term.is_tensor()) {
      const at::Tensor& index = term.tensor();
      check_tensor_term(x, index, dim);
      if (values && !is_mask(index) && index.numel() > 0) {
        check_index(index.min().item<int64_t>(), dim, x.size(dim));
        check_index(index.max().item<int64_t>(), dim, x.size(dim));
      }
    }
    dim += term.is_ellipsis() ? x.dim() - taken : dims_taken(term);
  }
}

/// Runs the indexing. LibTorch finds values of index tensors out of range while it works, without a second pass over
/// them; only then is it looked which one it was.
template <class Work>
auto guarded(const at::Tensor& x, const Terms& terms, Work&& work) {
  try {
    return work();
  } catch (const c10::IndexError&) {
    check(x, terms, /*values=*/true);
    throw;
  }
}

/// The terms with masks of uint8 as bool: LibTorch takes both but prints a warning for the old form.
const Terms& with_bool_masks(const Terms& terms, Terms& changed) {
  auto old = [](const TensorIndex& term) { return term.is_tensor() && term.tensor().scalar_type() == at::kByte; };
  if (std::none_of(terms.begin(), terms.end(), old)) return terms;
  for (const TensorIndex& term : terms) changed.push_back(old(term) ? TensorIndex(term.tensor().to(at::kBool)) : term);
  return changed;
}

/// The value in the part's shape, as far as that can be told before broadcasting.
at::Tensor without_leading_ones(const at::Tensor& value) {
  int64_t ones = 0;
  while (ones < value.dim() && value.size(ones) == 1) ++ones;
  return ones == 0 ? value : value.reshape(value.sizes().slice(ones));
}

void assign(at::Tensor part, const at::Tensor& value) {
  if (value.dim() == 0 && part.dim() > 0 && value.device().is_cpu()) {
    part.fill_(value);  // no copy of the number to the part's device
    return;
  }
  const at::Tensor fitting = value.dim() > part.dim() ? without_leading_ones(value) : value;
  bool fits = fitting.dim() <= part.dim();
  for (int64_t i = 1; fits && i <= fitting.dim(); ++i)
    fits = fitting.size(-i) == 1 || fitting.size(-i) == part.size(-i);
  if (!fits)
    fail("cannot assign a tensor of shape ", shape_text(value.sizes()), " to a part of shape ",
         shape_text(part.sizes()));
  part.copy_(fitting);
}

// x["a:b"], the commonest index: one operator, nothing to check that it does not check.
bool is_single_slice(const at::Tensor& x, const Terms& terms) {
  return terms.size() == 1 && terms[0].is_slice() && x.dim() > 0 && !x.is_nested() && terms[0].slice().step() > 0;
}

at::Tensor single_slice(const at::Tensor& x, const at::indexing::Slice& slice) {
  return x.slice_symint(0, slice.start(), slice.stop(), slice.step());
}

}  // namespace

Terms parse_slice(std::string_view text) { return *cached_terms(text); }

at::Tensor get(const at::Tensor& x, std::string_view text) {
  const auto& cached = cached_terms(text);
  if (is_single_slice(x, *cached)) return single_slice(x, (*cached)[0].slice());
  const auto terms = cached;
  return get(x, *terms);
}

at::Tensor get(const at::Tensor& x, int64_t index) {
  if (x.is_nested()) return x.select(0, index);
  if (x.dim() == 0) fail("a 0-dim tensor has no dims to index; x:item() is its number");
  check_index(index, 0, x.size(0));
  return x.select(0, index);
}

at::Tensor get(const at::Tensor& x, const Terms& terms) {
  if (terms.size() == 1 && terms[0].is_integer()) return get(x, terms[0].integer().expect_int());
  if (terms.empty()) return x;
  if (is_single_slice(x, terms)) return single_slice(x, terms[0].slice());
  check(x, terms, /*values=*/false);
  Terms changed;
  const Terms& used = with_bool_masks(terms, changed);
  return guarded(x, used, [&] { return at::indexing::get_item(x, used); });
}

void set(at::Tensor& x, const Terms& terms, const at::Tensor& value) {
  if (!value.defined()) fail("cannot assign an undefined tensor");
  if (terms.size() == 1 && terms[0].is_integer()) return assign(get(x, terms[0].integer().expect_int()), value);
  if (terms.size() == 1 && terms[0].is_boolean() && !terms[0].boolean()) return;  // no part, whatever the value's shape
  check(x, terms, /*values=*/false);
  Terms changed;
  const Terms& used = with_bool_masks(terms, changed);
  std::vector<at::Tensor> indices;
  const std::optional<c10::SymIntArrayRef> sizes = x.is_nested() ? std::nullopt : std::optional(x.sym_sizes());
  at::Tensor part =
      at::indexing::impl::applySlicing(x, used, indices, /*disable_slice_optimization=*/false, x.device(), sizes);
  if (indices.empty()) return assign(part, value);
  const at::Tensor cast = value.scalar_type() == x.scalar_type() ? value : value.to(x.scalar_type());
  guarded(x, used, [&] { at::indexing::dispatch_index_put_(part, std::move(indices), without_leading_ones(cast)); });
}

void set(at::Tensor& x, const Terms& terms, const c10::Scalar& value) {
  if (terms.size() == 1 && terms[0].is_integer()) {
    get(x, terms[0].integer().expect_int()).fill_(value);
    return;
  }
  set(x, terms, at::scalar_tensor(value, x.options().device(at::kCPU).layout(at::kStrided)));
}

}  // namespace moonlab
