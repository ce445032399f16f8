#include "host/image/codec/jpeg.hpp"

#include <cstdio>  // jpeglib.h needs it

#include <jpeglib.h>

#include <jerror.h>

#include <csetjmp>
#include <stdexcept>

namespace moonlab::image {

namespace {

constexpr int kMostScans = 500;  // a file of a few bytes a scan could keep the decoder busy for minutes

struct Failure {
  jpeg_error_mgr manager;  // first: libjpeg hands it back
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr info) {
  auto* failure = reinterpret_cast<Failure*>(info->err);
  info->err->format_message(info, failure->text);
  std::longjmp(failure->back, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE: give_up(info);
    default: break;
  }
}

void on_progress(j_common_ptr info) {
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  if (jpeg->input_scan_number > kMostScans) {
    auto* failure = reinterpret_cast<Failure*>(info->err);
    std::snprintf(failure->text, sizeof failure->text, "more than %d scans", kMostScans);
    std::longjmp(failure->back, 1);
  }
}

/// Inks to light, in place of the first three channels. Adobe's files hold the inks inverted.
void from_cmyk(const uint8_t* from, uint8_t* to, int width, bool inverted) {
  for (int x = 0; x < width; ++x, from += 4, to += 3)
    for (int c = 0; c < 3; ++c) {
      const int ink = inverted ? from[c] : 255 - from[c], black = inverted ? from[3] : 255 - from[3];
      to[c] = static_cast<uint8_t>((ink * black + 127) / 255);
    }
}

/// Everything between setjmp and longjmp: no object with a destructor may live here.
bool run(jpeg_decompress_struct& jpeg, Failure& failure, const uint8_t* bytes, size_t size,
         const std::function<cv::Mat(int, int)>& place, cv::Mat& image, cv::Mat& line) {
  if (setjmp(failure.back)) return false;
  jpeg_mem_src(&jpeg, bytes, size);
  jpeg_read_header(&jpeg, TRUE);
  const bool inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  image = place(static_cast<int>(jpeg.output_height), static_cast<int>(jpeg.output_width));
  if (inks) line.create(1, image.cols, CV_8UC4);
  while (jpeg.output_scanline < jpeg.output_height) {
    uint8_t* row = image.ptr(static_cast<int>(jpeg.output_scanline));
    JSAMPROW target = inks ? line.ptr() : row;
    jpeg_read_scanlines(&jpeg, &target, 1);
    if (inks) from_cmyk(line.ptr(), row, image.cols, jpeg.saw_Adobe_marker);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

}  // namespace

void decode_jpeg(const uint8_t* bytes, size_t size, const std::function<cv::Mat(int, int)>& place) {
  cv::Mat image, line;
  jpeg_decompress_struct jpeg{};
  jpeg_progress_mgr progress{};
  Failure failure{};
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = give_up;
  failure.manager.emit_message = on_message;
  failure.manager.output_message = [](j_common_ptr) {};
  if (setjmp(failure.back)) throw std::runtime_error("JPEG: out of memory");
  jpeg_create_decompress(&jpeg);
  struct AtEnd {
    jpeg_decompress_struct& jpeg;
    ~AtEnd() { jpeg_destroy_decompress(&jpeg); }
  } at_end{jpeg};
  progress.progress_monitor = on_progress;
  jpeg.progress = &progress;
  if (!run(jpeg, failure, bytes, size, place, image, line))
    throw std::runtime_error(std::string("JPEG: ") + failure.text);
}

}  // namespace moonlab::image
