#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "host/image/codec/container.hpp"
#include "host/image/codec/interface.hpp"
#include "host/image/codec/jpeg.hpp"

namespace moonlab::image {

namespace {

constexpr double kTo8Bit = 1.0 / 257;  // 65535 is 255

/// As stored, RGB of 8 bits: alpha is dropped, 16 bits are rounded to 8, grey is three equal channels.
cv::Mat decode_other(const Request& r) {
  const cv::Mat file(1, static_cast<int>(r.size), CV_8U, const_cast<uint8_t*>(r.bytes));
  cv::Mat image = cv::imdecode(file, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | cv::IMREAD_IGNORE_ORIENTATION);
  if (image.empty()) throw std::runtime_error("its pixels cannot be decoded");
  if (image.depth() == CV_16U) image.convertTo(image, CV_8U, kTo8Bit);
  if (image.type() != CV_8UC3) throw std::runtime_error("its pixels have neither 8 nor 16 bits");
  cv::cvtColor(image, image, cv::COLOR_BGR2RGB);
  return image;
}

/// As it was held: EXIF's eight orientations.
cv::Mat turned(cv::Mat image, int orientation) {
  if (orientation >= 5) cv::transpose(image, image);
  switch (orientation) {
    case 2: case 6: cv::flip(image, image, 1); break;
    case 3: case 7: cv::flip(image, image, -1); break;
    case 4: case 8: cv::flip(image, image, 0); break;
    default: break;
  }
  return image;
}

cv::Mat placed(const Request& r, int height, int width) {
  return {height, width, CV_8UC3, r.place(r.context, height, width)};
}

template <size_t n>
bool explained(char (&error)[n], const char* text) {
  std::snprintf(error, n, "%s", text);
  return false;
}

bool decode(Request& r) try {
  const Container c = inspect(r.bytes, r.size);
  if (c.width > r.max_pixels / c.height)
    throw std::runtime_error("declares " + std::to_string(c.height) + " x " + std::to_string(c.width) +
                             " pixels, more than the " + std::to_string(r.max_pixels) + " that are allowed");
  if (c.format == Format::kJpeg && c.orientation == 1) {  // nearly all: straight to its place
    decode_jpeg(r.bytes, r.size, [&](int height, int width) { return placed(r, height, width); });
    return true;
  }
  cv::Mat image;
  if (c.format == Format::kJpeg)
    decode_jpeg(r.bytes, r.size, [&](int height, int width) { return image = cv::Mat(height, width, CV_8UC3); });
  else
    image = decode_other(r);
  image = turned(image, c.orientation);
  image.copyTo(placed(r, image.rows, image.cols));
  return true;
} catch (const cv::Exception& e) {
  return explained(r.error, e.err.c_str());
} catch (const std::exception& e) {
  return explained(r.error, e.what());
}

bool encode(Encoding& e) try {
  cv::Mat image;
  cv::cvtColor(cv::Mat(static_cast<int>(e.height), static_cast<int>(e.width), CV_8UC3, const_cast<uint8_t*>(e.pixels)),
               image, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  cv::imencode(e.extension, image, bytes,
               {cv::IMWRITE_JPEG_QUALITY, e.quality, cv::IMWRITE_WEBP_QUALITY, e.quality});
  e.take(e.context, bytes.data(), bytes.size());
  return true;
} catch (const cv::Exception& error) {
  return explained(e.error, error.err.c_str());
} catch (const std::exception& error) {
  return explained(e.error, error.what());
}

}  // namespace

}  // namespace moonlab::image

extern "C" __attribute__((visibility("default"))) const moonlab::image::Codec* moonlab_image_codec_2() {
  using namespace moonlab::image;
  static const Codec codec = [] {
    cv::setNumThreads(0);  // whoever decodes has threads of its own
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });  // thrown, not printed
    return Codec{decode, encode};
  }();
  return &codec;
}
