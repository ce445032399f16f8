#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/error.hpp"
#include "host/interrupt.hpp"
#include "host/tensor/dtype.hpp"
#include "host/atomic_file.hpp"
#include "host/weights/safetensors.hpp"

namespace moonlab::weights {

namespace {

using Json = nlohmann::ordered_json;

uint64_t bytes_of(const at::Tensor& tensor) { return static_cast<uint64_t>(tensor.numel()) * tensor.element_size(); }

void check(const std::string& name, const at::Tensor& tensor) {
  const auto text = detail::shown(name);
  if (name == "__metadata__") fail("safetensors: a tensor cannot be called ", text);
  if (!tensor.defined()) fail("safetensors: ", text, " is no tensor");
  if (tensor.layout() != at::kStrided) {
    fail("safetensors: ", text, " is ", tensor.layout(),
         ", which the format lacks; to_dense() makes it an ordinary tensor");
  }
  if (tensor.is_meta()) fail("safetensors: ", text, " is on the device meta and has no values");
  if (tensor.is_quantized() || !detail::safetensors_type(tensor.scalar_type())) {
    fail("safetensors: ", text, " is ", dtype_name(tensor.scalar_type()), ", which the format lacks");
  }
}

// The tensors in the order of writing, and the header with its length before it.
std::string prepare(NamedTensors& tensors, const Metadata& metadata) {
  for (const auto& [name, tensor] : tensors) check(name, tensor);
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const int left = detail::safetensors_type(a.second.scalar_type())->rank;
    const int right = detail::safetensors_type(b.second.scalar_type())->rank;
    return left != right ? left < right : a.first < b.first;
  });
  uint64_t offset = 0;
  std::string text = "{", separator;
  // entry by entry: an ordered object would look for each name among all before it
  const auto append = [&](const std::string& name, const Json& value) {
    try {
      text += separator + Json(name).dump() + ":" + value.dump();
    } catch (const Json::type_error&) {
      fail("safetensors: ", detail::shown(name), " or what is under it is no valid UTF-8");
    }
    separator = ",";
  };
  if (!metadata.empty()) append("__metadata__", Json(metadata));
  for (const auto& [name, tensor] : tensors) {
    auto sizes = tensor.sizes().vec();
    if (tensor.scalar_type() == at::ScalarType::Float4_e2m1fn_x2) {
      if (sizes.empty()) fail("safetensors: ", detail::shown(name), " is a pair of F4 values without a dim");
      sizes.back() *= 2;  // the file counts them singly
    }
    const uint64_t end = offset + bytes_of(tensor);
    append(name, Json{{"dtype", detail::safetensors_type(tensor.scalar_type())->name},
                      {"shape", sizes},
                      {"data_offsets", {offset, end}}});
    offset = end;
  }
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);

  std::vector<std::string_view> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  std::sort(names.begin(), names.end());
  if (auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    fail("safetensors: ", detail::shown(*twice), " is given twice");
  }
  return length + text;
}

// The values in row-major order on the CPU, one tensor at a time, in pieces between which Ctrl-C is heard.
template <class Write>
void write_values(const NamedTensors& tensors, const Write& write) {
  constexpr size_t kPiece = size_t{16} << 20;
  for (const auto& [name, tensor] : tensors) {
    const auto plain = tensor.detach().resolve_conj().resolve_neg().to(at::kCPU).contiguous();
    std::string_view bytes(static_cast<const char*>(plain.const_data_ptr()), bytes_of(plain));
    for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
      poll_interrupt();
      write(bytes.substr(0, kPiece));
    }
  }
}

}  // namespace

void write_safetensors(const std::string& path, NamedTensors tensors, const Metadata& metadata) {
  const std::string header = prepare(tensors, metadata);
  AtomicFile file(path);
  file.write(header);
  write_values(tensors, [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
}

std::string safetensors_bytes(NamedTensors tensors, const Metadata& metadata) {
  std::string result = prepare(tensors, metadata);
  uint64_t size = result.size();
  for (const auto& [name, tensor] : tensors) size += bytes_of(tensor);
  result.reserve(size);
  write_values(tensors, [&](std::string_view bytes) { result += bytes; });
  return result;
}

}  // namespace moonlab::weights
