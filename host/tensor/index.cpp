#include "host/tensor/index.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "host/error.hpp"
#include "host/tensor/print.hpp"

namespace moonlab {

using at::indexing::TensorIndex;
using Terms = std::vector<TensorIndex>;

namespace {

// ---- slice strings ------------------------------------------------------------------------------------------------

constexpr size_t kCachedStrings = 512;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const size_t first = text.find_first_not_of(kSpace);
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

int64_t parse_integer(std::string_view word, std::string_view slice) {
  int64_t value = 0;
  const std::string_view digits = word.starts_with('+') ? word.substr(1) : word;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) fail("slice '", slice, "': ", word, " does not fit 64 bits");
  if (error != std::errc() || end != digits.data() + digits.size())
    fail("slice '", slice, "': '", word, "' is no term; an integer, a range a:b:step, '...', None, True or False is");
  return value;
}

TensorIndex parse_range(std::string_view term, std::string_view slice) {
  std::string_view rest = term;
  std::optional<c10::SymInt> parts[3];
  for (size_t i = 0;; ++i) {
    if (i == 3) fail("slice '", slice, "': the range '", term, "' has more than start, end and step");
    const size_t colon = rest.find(':');
    if (const auto word = trimmed(rest.substr(0, colon)); !word.empty()) parts[i] = parse_integer(word, slice);
    if (colon == term.npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (parts[2] && *parts[2] < 1)
    fail("slice '", slice, "': a step must be positive, got ", *parts[2], "; x:flip(dim) reverses a dim");
  return at::indexing::Slice(parts[0], parts[1], parts[2]);
}

TensorIndex parse_term(std::string_view term, std::string_view slice) {
  if (term == "...") return at::indexing::Ellipsis;
  if (term == "None" || term == "nil") return at::indexing::None;
  if (term == "True" || term == "true") return true;
  if (term == "False" || term == "false") return false;
  if (term.find(':') != term.npos) return parse_range(term, slice);
  return parse_integer(term, slice);
}

Terms parse_terms(std::string_view slice) {
  Terms terms;
  std::string_view rest = slice;
  for (;;) {
    const size_t comma = rest.find(',');
    const auto term = trimmed(rest.substr(0, comma));
    if (term.empty() && comma == rest.npos && !terms.empty()) return terms;  // "1," as Python allows
    if (term.empty()) fail("slice '", slice, "': a term is missing");
    terms.push_back(parse_term(term, slice));
    if (comma == rest.npos) return terms;
    rest.remove_prefix(comma + 1);
  }
}

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

struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

/// The terms of a string, shared with the cache: an entry that is dropped lives on while somebody uses it.
std::shared_ptr<const Terms> cached_terms(std::string_view text) {
  static std::mutex mutex;
  static auto* cache = new std::unordered_map<std::string, std::shared_ptr<const Terms>, TextHash, std::equal_to<>>;
  {
    std::lock_guard lock(mutex);
    if (auto found = cache->find(text); found != cache->end()) return found->second;
  }
  auto terms = std::make_shared<const Terms>(parse_terms(text));
  std::lock_guard lock(mutex);
  if (cache->size() >= kCachedStrings) cache->clear();  // strings made in a loop must not fill the memory
  cache->emplace(text, terms);
  return terms;
}

}  // namespace

Terms parse_slice(std::string_view text) { return *cached_terms(text); }

at::Tensor get(const at::Tensor& x, std::string_view text) { return get(x, *cached_terms(text)); }

at::Tensor get(const at::Tensor& x, int64_t index) {
  if (x.is_nested()) return x.select(0, index);
  if (x.dim() == 0) fail("a 0-dim tensor has no dims to index; x:item() is its number");
  check_index(index, 0, x.size(0));
  return x.select(0, index);
}

at::Tensor get(const at::Tensor& x, const Terms& terms) {
  if (terms.size() == 1 && terms[0].is_integer()) return get(x, terms[0].integer().expect_int());
  if (terms.empty()) return x;
  if (terms.size() == 1 && terms[0].is_slice() && x.dim() > 0 && !x.is_nested()) {
    const auto& slice = terms[0].slice();
    if (slice.step() > 0) return x.slice_symint(0, slice.start(), slice.stop(), slice.step());
  }
  check(x, terms, /*values=*/false);
  Terms changed;
  const Terms& used = with_bool_masks(terms, changed);
  return guarded(x, used, [&] { return at::indexing::get_item(x, used); });
}

void set(at::Tensor& x, const Terms& terms, const at::Tensor& value) {
  if (!value.defined()) fail("cannot assign an undefined tensor");
  if (terms.size() == 1 && terms[0].is_integer()) return assign(get(x, terms[0].integer().expect_int()), value);
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
