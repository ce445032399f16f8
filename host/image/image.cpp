#include "host/image/image.hpp"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/error.hpp"

namespace moonlab::image {

namespace {

const char* const kLibrary = "libmoonlab_image.so";

/// Beside the program, else where it was built.
void* open_library() {
  std::error_code none;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", none);
  void* library = nullptr;
  std::string reason;
  for (const std::string& path : {(program.parent_path() / kLibrary).string(), std::string(MOONLAB_IMAGE_LIBRARY)}) {
    if (!std::filesystem::exists(path, none)) continue;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library) break;
    reason = dlerror();
  }
  if (!library)
    fail("images: ", kLibrary, " cannot be opened: ", reason.empty() ? "it is not beside the program" : reason);
  return library;
}

template <class Function>
Function symbol(const char* name) {
  static void* const library = open_library();
  auto found = reinterpret_cast<Function>(dlsym(library, name));
  if (!found) fail("images: ", kLibrary, " is of another build");
  return found;
}

const Codec& codec() {
  static const Codec* const opened = symbol<OpenCodec>(kOpenCodec)();
  return *opened;
}

Request request(std::string_view bytes, int64_t max_pixels) {
  Request r{};
  r.bytes = reinterpret_cast<const uint8_t*>(bytes.data());
  r.size = bytes.size();
  r.max_pixels = max_pixels;
  return r;
}

void check_size(int64_t height, int64_t width) {
  constexpr int64_t kMost = 1 << 15;
  if (height < 1 || width < 1 || height > kMost || width > kMost)
    fail("images: size ", height, " x ", width, " is not within 1 .. ", kMost);
}

at::Tensor check_pixels(const at::Tensor& pixels) {
  if (pixels.dim() != 3 || pixels.size(2) != 3 || pixels.scalar_type() != at::kByte)
    fail("images: expected uint8 [H, W, 3], got ", pixels.toString(), " ", pixels.sizes());
  check_size(pixels.size(0), pixels.size(1));
  return pixels.cpu().contiguous();
}

}  // namespace

void read_bytes(const std::filesystem::path& file, std::string& into) {
  struct Open {
    int descriptor;
    ~Open() {
      if (descriptor >= 0) ::close(descriptor);
    }
  } const open{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat found {};
  if (open.descriptor < 0 || ::fstat(open.descriptor, &found) != 0)
    fail(file.string(), ": cannot be read: ", std::strerror(errno));
  if (S_ISDIR(found.st_mode)) fail(file.string(), ": is a folder, expected a file");
  size_t size = 0;
  into.resize(static_cast<size_t>(std::max<off_t>(found.st_size, 0)) + 1);  // one more byte to see the end
  while (true) {
    const ssize_t got = ::read(open.descriptor, into.data() + size, into.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(file.string(), ": cannot be read: ", std::strerror(errno));
    size += static_cast<size_t>(got);
    if (got == 0) break;
    if (size == into.size()) into.resize(2 * size);
  }
  into.resize(size);
}

std::string read_bytes(const std::filesystem::path& file) {
  std::string bytes;
  read_bytes(file, bytes);
  return bytes;
}

Part fitted(int64_t height, int64_t width, int64_t to_height, int64_t to_width, Fit fit) {
  if (fit == Fit::kSqueeze) return {0, 0, height, width};
  const int64_t rows = std::max<int64_t>(1, std::min(height, (width * to_height + to_width / 2) / to_width));
  const int64_t cols = std::max<int64_t>(1, std::min(width, (height * to_width + to_height / 2) / to_height));
  return {(height - rows) / 2, (width - cols) / 2, rows, cols};
}

void decode_into(std::string_view bytes, const std::string& name, int64_t max_pixels, Decoded& to) {
  Request r = request(bytes, max_pixels);
  r.context = &to;
  r.place = [](void* context, int64_t height, int64_t width) {
    auto& decoded = *static_cast<Decoded*>(context);
    const auto size = static_cast<size_t>(height * width * 3);
    if (decoded.pixels.size() < size) decoded.pixels.resize(size);
    decoded.height = height;
    decoded.width = width;
    return decoded.pixels.data();
  };
  if (!codec().decode(r)) fail(name, ": ", r.error);
}

at::Tensor decode(std::string_view bytes, const std::string& name, const Decoding& how) {
  if (how.height || how.width) check_size(how.height, how.width);
  Decoded decoded;
  decode_into(bytes, name, how.max_pixels, decoded);
  const int64_t height = how.height ? how.height : decoded.height, width = how.width ? how.width : decoded.width;
  at::Tensor result = at::empty({height, width, 3}, at::kByte);
  Resampler()(decoded.raster(), fitted(decoded.height, decoded.width, height, width, how.fit), height, width,
              Filter::kBilinear, result.mutable_data_ptr<uint8_t>());
  return result;
}

at::Tensor read(const std::filesystem::path& file, const Decoding& how) {
  return decode(read_bytes(file), file.string(), how);
}

void decode_planes(std::string_view bytes, const std::string& name, const Decoding& how, uint8_t* to) {
  const at::Tensor pixels = decode(bytes, name, how);
  const auto* from = pixels.const_data_ptr<uint8_t>();
  const int64_t plane = how.height * how.width;
  for (int64_t i = 0; i < plane; ++i)
    for (int64_t c = 0; c < 3; ++c) to[c * plane + i] = *from++;
}

std::string encode(const at::Tensor& pixels, const std::string& extension, int64_t quality) {
  const std::vector<std::string> known{".png", ".jpg", ".jpeg", ".webp", ".bmp"};
  if (std::find(known.begin(), known.end(), extension) == known.end())
    fail("images: unknown format '", extension, "'", did_you_mean(extension, known), " (.png, .jpg, .webp, .bmp)");
  if (quality < 1 || quality > 100) fail("images: quality ", quality, " is not in 1 .. 100");
  const at::Tensor whole = check_pixels(pixels);
  std::string bytes;
  Encoding e{};
  e.pixels = whole.const_data_ptr<uint8_t>();
  e.height = whole.size(0);
  e.width = whole.size(1);
  e.extension = extension.c_str();
  e.quality = static_cast<int32_t>(quality);
  e.context = &bytes;
  e.take = [](void* context, const uint8_t* data, size_t size) {
    static_cast<std::string*>(context)->assign(reinterpret_cast<const char*>(data), size);
  };
  if (!codec().encode(e)) fail("images: ", e.error);
  return bytes;
}

at::Tensor paint(const std::vector<Stroke>& strokes, int64_t height, int64_t width, uint32_t paper) {
  static const Paint painter = symbol<Paint>(kPaint);
  check_size(height, width);
  at::Tensor image = at::empty({height, width, 3}, at::kByte);
  Canvas canvas{};
  canvas.strokes = strokes.data();
  canvas.count = static_cast<int64_t>(strokes.size());
  canvas.height = height;
  canvas.width = width;
  for (int c = 0; c < 3; ++c) canvas.paper[c] = static_cast<uint8_t>(paper >> (16 - 8 * c) & 0xff);
  canvas.pixels = image.mutable_data_ptr<uint8_t>();
  if (!painter(canvas)) fail("images: cannot be drawn: ", canvas.error);
  return image;
}

at::Tensor resize(const at::Tensor& pixels, int64_t height, int64_t width, Filter filter) {
  check_size(height, width);
  const at::Tensor whole = check_pixels(pixels);
  at::Tensor result = at::empty({height, width, 3}, at::kByte);
  const Raster from{whole.const_data_ptr<uint8_t>(), whole.size(1) * 3, 3};
  Resampler()(from, {0, 0, whole.size(0), whole.size(1)}, height, width, filter, result.mutable_data_ptr<uint8_t>());
  return result;
}

}  // namespace moonlab::image
