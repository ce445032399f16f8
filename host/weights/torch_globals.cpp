#include "host/weights/torch_globals.hpp"

#include <array>
#include <unordered_set>

#include "host/error.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab::weights {

namespace {

using enum at::ScalarType;

constexpr std::pair<const char*, at::ScalarType> kStorages[] = {{"FloatStorage", Float},
                                                                {"DoubleStorage", Double},
                                                                {"HalfStorage", Half},
                                                                {"BFloat16Storage", BFloat16},
                                                                {"LongStorage", Long},
                                                                {"IntStorage", Int},
                                                                {"ShortStorage", Short},
                                                                {"CharStorage", Char},
                                                                {"ByteStorage", Byte},
                                                                {"BoolStorage", Bool},
                                                                {"ComplexFloatStorage", ComplexFloat},
                                                                {"ComplexDoubleStorage", ComplexDouble},
                                                                {"QInt8Storage", QInt8},
                                                                {"QUInt8Storage", QUInt8},
                                                                {"QInt32Storage", QInt32},
                                                                {"QUInt4x2Storage", QUInt4x2},
                                                                {"QUInt2x4Storage", QUInt2x4}};

constexpr std::array kWords{"strided",
                            "sparse_coo",
                            "sparse_csr",
                            "sparse_csc",
                            "sparse_bsr",
                            "sparse_bsc",
                            "_mkldnn",
                            "per_tensor_affine",
                            "per_tensor_symmetric",
                            "per_channel_affine",
                            "per_channel_symmetric",
                            "per_channel_affine_float_qparams",
                            "contiguous_format",
                            "channels_last",
                            "preserve_format"};

const std::unordered_set<std::string>& known() {
  static const auto* names = new std::unordered_set<std::string>{"collections.OrderedDict",
                                                                 "collections.Counter",
                                                                 "collections.defaultdict",
                                                                 "builtins.dict",
                                                                 "builtins.list",
                                                                 "builtins.set",
                                                                 "builtins.frozenset",
                                                                 "builtins.bytearray",
                                                                 "builtins.bytes",
                                                                 "builtins.complex",
                                                                 "builtins.int",
                                                                 "builtins.float",
                                                                 "builtins.str",
                                                                 "builtins.bool",
                                                                 "builtins.tuple",
                                                                 "_codecs.encode",
                                                                 "torch.Size",
                                                                 "torch.device",
                                                                 "torch.Tensor",
                                                                 "torch.serialization._get_layout",
                                                                 "torch.nn.parameter.Parameter",
                                                                 "torch.nn.parameter.Buffer",
                                                                 "torch._tensor._rebuild_from_type_v2",
                                                                 "torch._utils._rebuild_tensor",
                                                                 "torch._utils._rebuild_tensor_v2",
                                                                 "torch._utils._rebuild_tensor_v3",
                                                                 "torch._utils._rebuild_parameter",
                                                                 "torch._utils._rebuild_parameter_with_state",
                                                                 "torch._utils._rebuild_sparse_tensor",
                                                                 "torch._utils._rebuild_sparse_csr_tensor",
                                                                 "torch._utils._rebuild_qtensor",
                                                                 "torch._utils._rebuild_meta_tensor_no_storage",
                                                                 "torch._utils._rebuild_device_tensor_from_numpy",
                                                                 "torch._utils._rebuild_device_tensor_from_cpu_tensor",
                                                                 "torch._utils._rebuild_xla_tensor",
                                                                 "numpy.ndarray",
                                                                 "numpy.dtype",
                                                                 "numpy.core.multiarray._reconstruct",
                                                                 "numpy._core.multiarray._reconstruct",
                                                                 "numpy.core.multiarray.scalar",
                                                                 "numpy._core.multiarray.scalar"};
  return *names;
}

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<StorageType> storage_type(std::string_view global) {
  if (!drop_prefix(global, "torch.")) return std::nullopt;
  if (!drop_prefix(global, "cuda.")) drop_prefix(global, "storage.");
  if (global == "UntypedStorage" || global == "_UntypedStorage") return StorageType{Byte, false};
  for (auto [name, type] : kStorages) {
    if (global == name) return StorageType{type, true};
  }
  return std::nullopt;
}

std::string storage_class(at::ScalarType type) {
  for (auto [name, known] : kStorages) {
    if (known == type) return name;
  }
  return "";
}

std::optional<std::string> torch_word(std::string_view global) {
  if (!drop_prefix(global, "torch.")) return std::nullopt;
  for (const char* word : kWords) {
    if (global == word) return std::string(word);
  }
  auto type = parse_dtype(global);
  if (type && dtype_name(*type) == global) return std::string(global);
  return std::nullopt;
}

bool is_known_global(const std::string& global) {
  return known().contains(global) || storage_type(global) || torch_word(global);
}

void refuse_global(const std::string& where, const std::string& global, bool module) {
  if (module) {
    fail(where, ": holds a model saved whole (the class '", global,
         "'), which only its own program can make again; save its weights there: torch.save(model.state_dict(), path)");
  }
  fail(where, ": speaks of '", global,
       "', which is refused: weights are tensors, containers, numbers and texts, and "
       "nothing in a file is executed; with {unknown = \"table\"} such objects load as plain tables");
}

}  // namespace moonlab::weights
