#include "host/data/images_cifar.hpp"

#include <ATen/ATen.h>

#include <cstring>

#include "host/data/byte_source.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

constexpr int64_t kPixels = 3 * 32 * 32;

}  // namespace

std::pair<at::Tensor, at::Tensor> read_cifar(const std::vector<std::filesystem::path>& files, int64_t label_bytes,
                                             int64_t classes) {
  if (label_bytes < 1 || label_bytes > 2) fail("read_cifar: ", label_bytes, " label bytes, expected 1 or 2");
  std::vector<uint8_t> pixels;
  std::vector<int64_t> labels;
  for (const auto& file : files) {
    ByteSource in(file);
    for (int64_t record = 0;; ++record) {
      uint8_t label[2];
      const std::string what = "record " + std::to_string(record);
      if (in.at_end()) {
        if (record == 0) fail(in.name(), ": holds no images");
        break;
      }
      in.read(label, static_cast<size_t>(label_bytes), what);
      const int64_t y = label[label_bytes - 1];
      if (y >= classes) fail(in.name(), ": ", what, ": label ", y, " is out of range: ", classes, " classes");
      labels.push_back(y);
      pixels.resize(pixels.size() + kPixels);
      in.read(pixels.data() + pixels.size() - kPixels, kPixels, what);
    }
  }
  if (labels.empty()) fail("read_cifar: no files");
  const auto n = static_cast<int64_t>(labels.size());
  at::Tensor images = at::empty({n, 3, 32, 32}, at::kByte);
  std::memcpy(images.mutable_data_ptr<uint8_t>(), pixels.data(), pixels.size());
  return {std::move(images), at::tensor(labels)};
}

}  // namespace moonlab::data
