#include "host/data/images_idx.hpp"

#include "host/data/byte_source.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

// A header may claim any size; memory is taken only as the file delivers, so that a lie costs nothing.
constexpr int64_t kPiece = int64_t{1} << 26;

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

}  // namespace

at::Tensor read_idx(const std::filesystem::path& file) {
  ByteSource in(file);
  const uint32_t magic = in.read_u32("magic number");
  char hex[16];
  std::snprintf(hex, sizeof hex, "0x%08x", magic);
  if (magic >> 16 != 0) fail(in.name(), ": not an IDX file: magic number ", hex, ", expected 0x000008..");
  if ((magic >> 8 & 0xff) != 0x08)
    fail(in.name(), ": element type ", hex, " is not supported: only unsigned bytes (0x08)");
  const uint32_t dims = magic & 0xff;
  if (dims < 1 || dims > 4) fail(in.name(), ": ", dims, " dimensions, expected 1 to 4");
  std::vector<int64_t> shape;
  int64_t total = 1;
  for (uint32_t d = 0; d < dims; ++d) {
    shape.push_back(in.read_u32("size of dimension " + std::to_string(d)));
    if (shape.back() != 0 && total > (int64_t{1} << 40) / shape.back())
      fail(in.name(), ": sizes ", shape_text(shape), " are beyond belief: the file is damaged");
    total *= shape.back();
  }
  std::vector<uint8_t> bytes;
  const std::string what = "content of " + shape_text(shape) + " bytes";
  for (int64_t at = 0; at < total;) {
    int64_t n = std::min(kPiece, total - at);
    bytes.resize(at + n);
    const int64_t before = in.position();
    try {
      in.read(bytes.data() + at, n, what);
    } catch (const Error& e) {
      // say what the header promised, and for a set of images which one is cut
      const int64_t got = at + in.position() - before, each = total / std::max<int64_t>(1, shape[0]);
      fail(e.what(), " (the header promises ", total, "; entry ", got / std::max<int64_t>(1, each), " of ", shape[0],
           " is incomplete)");
    }
    at += n;
  }
  in.expect_end("the " + what);
  return at::tensor(at::ArrayRef<uint8_t>(bytes), at::kByte).reshape(shape);
}

at::Tensor read_idx_images(const std::filesystem::path& file) {
  at::Tensor t = read_idx(file);
  if (t.dim() != 3) fail(file.string(), ": expected images (3 dimensions), got ", t.dim());
  return t.unsqueeze(1);
}

at::Tensor read_idx_labels(const std::filesystem::path& file) {
  at::Tensor t = read_idx(file);
  if (t.dim() != 1) fail(file.string(), ": expected labels (1 dimension), got ", t.dim(), " dimensions");
  return t.to(at::kLong);
}

}  // namespace moonlab::data
