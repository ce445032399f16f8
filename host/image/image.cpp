#include "host/image/image.hpp"

#include <ATen/ATen.h>
#include <dlfcn.h>

#include <cerrno>
#include <cstring>
#include <fstream>

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
  if (!library) fail("images: ", kLibrary, " cannot be opened: ", reason.empty() ? "it is not beside the program" : reason);
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

Request request(std::string_view bytes, const Decoding& how, Layout layout) {
  Request r{};
  r.bytes = reinterpret_cast<const uint8_t*>(bytes.data());
  r.size = bytes.size();
  r.max_pixels = how.max_pixels;
  r.height = static_cast<int32_t>(how.height);
  r.width = static_cast<int32_t>(how.width);
  r.fit = how.fit;
  r.layout = layout;
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

std::string read_bytes(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) fail(file.string(), ": is a folder, expected a file");
  errno = 0;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) fail(file.string(), ": cannot be read: ", std::strerror(errno));
  std::string bytes(static_cast<size_t>(in.tellg()), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) fail(file.string(), ": cannot be read");
  return bytes;
}

at::Tensor decode(std::string_view bytes, const std::string& name, const Decoding& how) {
  if (how.height || how.width) check_size(how.height, how.width);
  Request r = request(bytes, how, Layout::kPixels);
  at::Tensor result;
  r.context = &result;
  r.place = [](void* context, int64_t height, int64_t width) {
    auto& t = *static_cast<at::Tensor*>(context);
    t = at::empty({height, width, 3}, at::kByte);
    return t.mutable_data_ptr<uint8_t>();
  };
  if (!codec().decode(r)) fail(name, ": ", r.error);
  return result;
}

at::Tensor read(const std::filesystem::path& file, const Decoding& how) {
  return decode(read_bytes(file), file.string(), how);
}

void decode_into(std::string_view bytes, const std::string& name, const Decoding& how, uint8_t* to) {
  check_size(how.height, how.width);
  Request r = request(bytes, how, Layout::kPlanes);
  r.context = to;
  r.place = [](void* context, int64_t, int64_t) { return static_cast<uint8_t*>(context); };
  if (!codec().decode(r)) fail(name, ": ", r.error);
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

at::Tensor resize(const at::Tensor& pixels, int64_t height, int64_t width) {
  check_size(height, width);
  const at::Tensor whole = check_pixels(pixels);
  at::Tensor result = at::empty({height, width, 3}, at::kByte);
  if (!codec().resize(whole.const_data_ptr<uint8_t>(), whole.size(0), whole.size(1), result.mutable_data_ptr<uint8_t>(),
                      height, width))
    fail("images: cannot be resized to ", height, " x ", width);
  return result;
}

}  // namespace moonlab::image
