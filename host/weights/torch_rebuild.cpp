#include "host/weights/torch_rebuild.hpp"

#include <ATen/Functions.h>

#include <stdexcept>
#include <unordered_map>

#include "host/error.hpp"
#include "host/weights/numpy_value.hpp"
#include "host/weights/special_tensors.hpp"

namespace moonlab::weights {

namespace {

constexpr int kDepth = 64;  // of calls within the arguments of calls; two or three in files that PyTorch writes

void set_gradient(at::Tensor& tensor, bool required) {
  if (!required) return;
  if (!c10::isFloatingType(tensor.scalar_type()) && !c10::isComplexType(tensor.scalar_type())) {
    throw std::invalid_argument("a tensor of integers that requires a gradient");
  }
  tensor.set_requires_grad(true);
}

/// Views marked as conjugated or negated: {"conj": True}.
void set_bits(at::Tensor& tensor, const Value& metadata) {
  const auto* map = metadata.as<Mapping>();
  if (!map) return;
  for (auto [key, value] : map->items) {
    const auto* name = key->as<std::string>();
    const auto* on = value->as<bool>();
    if (!name || !on || !*on) continue;
    if (*name == "neg") tensor._set_neg(true);
    else if (*name == "conj" && tensor.is_complex()) tensor._set_conj(true);
    else throw std::invalid_argument("a tensor marked '" + name->substr(0, 40) + "'");
  }
}

class Builder {
 public:
  Builder(Arena& arena, const std::string& where, const StorageLoader& load, uint64_t file_size)
      : arena_(arena), where_(where), load_(load), budget_((uint64_t{16} << 20) + 8 * file_size) {}

  void run() {
    for (Value& value : arena_.values()) evaluate(value, 0);
    for (Value& value : arena_.values()) {
      if (const auto* global = value.as<Global>()) {
        if (auto word = torch_word(global->name)) value.data = std::move(*word);
      }
    }
  }

 private:
  void evaluate(Value& value, int depth) {
    if (auto* persistent = value.as<Persistent>()) return storage(value, *persistent);
    auto* call = value.as<Call>();
    if (!call) return;
    const std::string name = call->function->as<Global>()->name;
    const auto& list = call->arguments->as<Sequence>()->items;
    // a NumPy dtype is read by the array that has it; what stays a Call must not be walked again and again
    if (!is_known_global(name) || name == "numpy.dtype") return;
    try {
      if (depth > kDepth) throw std::invalid_argument("calls within calls without end");
      for (Ref argument : list) evaluate(*argument, depth + 1);
      apply(value, name, CallArguments(list), call->more ? call->more->state : nullptr, depth);
    } catch (const std::invalid_argument& e) {
      fail(where_, ": ", name, ": ", e.what());
    } catch (const c10::Error& e) {
      fail(where_, ": ", name, ": ", e.what_without_backtrace());
    }
  }

  void storage(Value& value, const Persistent& persistent) {
    const auto* id = persistent.id->as<Sequence>();
    try {
      if (!id || id->items.size() < 5) throw std::invalid_argument("expected (storage, type, key, location, size)");
      CallArguments a(id->items);
      if (a.text(0) != "storage")
        throw std::invalid_argument("a '" + a.text(0).substr(0, 40) + "', expected a storage");
      const auto* global = a[1].as<Global>();
      auto type = global ? storage_type(global->name) : std::nullopt;
      if (!type) a.wrong(1, "a class of storages");
      StorageRequest request{a.text(2), type->type, type->typed, a.integer(4), a.text(3)};
      if (request.count < 0) throw std::invalid_argument("a storage of " + std::to_string(request.count) + " elements");
      auto found = storages_.find(request.key);
      if (found == storages_.end()) found = storages_.emplace(request.key, load_(request)).first;
      auto made = std::make_unique<StorageValue>(StorageValue{found->second, type->type, type->typed});
      if (a.count() > 5 && !a[5].is_none()) {  // an old view: (key, offset, size)
        CallArguments view(a.sequence(5).items);
        made->offset = view.integer(1);
        if (made->offset < 0 || view.integer(2) < 0 || made->offset > request.count - view.integer(2)) {
          throw std::invalid_argument("a view that does not lie in its storage");
        }
      }
      value.data = std::move(made);
    } catch (const std::invalid_argument& e) {
      fail(where_, ": storage: ", e.what());
    }
  }

  at::Tensor strided(const CallArguments& a, at::ScalarType type) {
    const StorageValue& s = a.storage(0);
    int64_t offset = a.integer(1);
    if (offset < 0 || __builtin_add_overflow(offset, s.offset, &offset)) {
      throw std::invalid_argument("an offset of " + std::to_string(a.integer(1)));
    }
    return view_of(s.storage, type, offset, a.integers(2), a.integers(3));
  }

  void apply(Value& value, const std::string& name, const CallArguments& a, Ref state, int depth) {
    if (name == "torch._utils._rebuild_tensor") {
      value.data = strided(a, a.storage(0).type);
    } else if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor_v3") {
      const bool third = name.back() == '3';
      at::Tensor t = strided(a, third ? a.dtype(6) : a.storage(0).type);
      const size_t metadata = third ? 7 : 6;
      if (a.count() > metadata) set_bits(t, a[metadata]);
      set_gradient(t, a.boolean(4));
      value.data = std::move(t);
    } else if (name.starts_with("torch._utils._rebuild_parameter") || name.starts_with("torch.nn.parameter.")) {
      // (data, requires_grad, hooks); attributes that Python code hung on a parameter are left out
      at::Tensor t = a.tensor(0).detach();
      set_gradient(t, name == "torch.nn.parameter.Parameter" && a.count() < 2 ? true : a.count() > 1 && a.boolean(1));
      value.data = std::move(t);
    } else if (name == "torch._tensor._rebuild_from_type_v2") {
      inner(value, a, depth);
    } else if (name == "torch._utils._rebuild_sparse_tensor") {
      value.data = sparse_tensor(a, budget_);
    } else if (name == "torch._utils._rebuild_qtensor") {
      at::Tensor t = quantized_tensor(a, budget_);
      value.data = std::move(t);
    } else if (name == "torch._utils._rebuild_meta_tensor_no_storage") {
      value.data = meta_tensor(a);
    } else if (name.starts_with("torch._utils._rebuild_device_tensor") || name == "torch._utils._rebuild_xla_tensor") {
      budget_.charge(a.tensor(0));
      at::Tensor t = a.tensor(0).to(a.dtype(1));
      set_gradient(t, a.boolean(3));
      value.data = std::move(t);
    } else if (name == "torch.serialization._get_layout") {
      std::string layout = a.text(0);
      value.data = layout.starts_with("torch.") ? layout.substr(6) : layout;
    } else if (name == "torch.device") {
      value.data = a.text(0) + (a.count() > 1 ? ":" + std::to_string(a.integer(1)) : "");
    } else if (name.ends_with(".multiarray._reconstruct")) {
      value.data = numpy_array(state, budget_);
    } else if (name.ends_with(".multiarray.scalar")) {
      value.data = std::move(numpy_scalar(a).data);
    } else {
      throw std::invalid_argument("cannot be called");
    }
  }

  /// (function, class, arguments, state): the function's result as an object of the class, for us a tensor.
  void inner(Value& value, const CallArguments& a, int depth) {
    const auto* function = a[0].as<Global>();
    if (!function || function->name == "torch._tensor._rebuild_from_type_v2")
      a.wrong(0, "a function that makes a tensor");
    const Sequence& list = a.sequence(2);
    for (Ref argument : list.items) evaluate(*argument, depth + 1);
    const std::string name = function->name;
    if (!name.starts_with("torch._utils._rebuild_")) a.wrong(0, "a function that makes a tensor");
    apply(value, name, CallArguments(list.items), nullptr, depth + 1);
  }

  Arena& arena_;
  const std::string& where_;
  const StorageLoader& load_;
  CopyBudget budget_;
  std::unordered_map<std::string, c10::Storage> storages_;
};

}  // namespace

at::Tensor view_of(const c10::Storage& storage, at::ScalarType type, int64_t offset, at::IntArrayRef sizes,
                   at::IntArrayRef strides) {
  if (sizes.size() != strides.size()) {
    throw std::invalid_argument(std::to_string(sizes.size()) + " sizes and " + std::to_string(strides.size()) +
                                " strides");
  }
  if (sizes.size() > kMostDims) throw std::invalid_argument("a tensor of " + std::to_string(sizes.size()) + " dims");
  int64_t last = offset, count = 1;
  bool fits = offset >= 0, empty = false;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] < 0 || strides[d] < 0) throw std::invalid_argument("a negative size or stride");
    if (sizes[d] == 0) empty = true;
  }
  for (size_t d = 0; d < sizes.size() && !empty; ++d) {
    int64_t step;
    fits = fits && !__builtin_mul_overflow(count, sizes[d], &count) &&
           !__builtin_mul_overflow(sizes[d] - 1, strides[d], &step) && !__builtin_add_overflow(last, step, &last);
  }
  const auto held = static_cast<int64_t>(storage.nbytes() / c10::elementSize(type));
  if (!fits || (!empty && last >= held)) {
    throw std::invalid_argument(c10::str("a tensor of sizes ", sizes, " and strides ", strides, " from element ",
                                         offset, " does not lie in its storage of ", held, " elements"));
  }
  auto options = at::TensorOptions().dtype(type).device(storage.device());
  return at::empty({0}, options).set_(storage, offset, sizes, strides);
}

void rebuild(Arena& arena, const std::string& where, const StorageLoader& load, uint64_t file_size) {
  Builder(arena, where, load, file_size).run();
}

}  // namespace moonlab::weights
