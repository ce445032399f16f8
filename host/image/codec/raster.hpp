// Shapes to pixels, which libmoonlab_image.so does with OpenCV. Like interface.hpp: nothing of LibTorch crosses this
// border, and no exception.
#pragma once

#include <cstdint>

namespace moonlab::image {

/// One shape; all lengths in pixels, y downward.
struct Stroke {
  enum Kind : int32_t {
    kBox /* two corners */,
    kPolygon,
    kPolyline,
    kDisc /* centre */,
    kText /* start of its base line */
  };

  Kind kind;
  const double* points;  // x and y in turn
  int32_t count;         // of points
  double size;           // width of a line, radius of a disc, height of a text's font
  const double* dashes;  // lengths drawn and left out in turn, or nullptr
  int32_t dash_count;
  const char* text;  // ASCII
  double room;       // the width that a text may take: it is drawn narrower where it needs more
  int32_t anchor;    // 0: the point is its start, 1: its middle, 2: its end
  int32_t upright;   // 1: a text is read from below to above
  int32_t bold;
  uint8_t rgb[3];
  double opacity;
};

struct Canvas {
  const Stroke* strokes;
  int64_t count;
  int64_t height, width;
  uint8_t paper[3];
  uint8_t* pixels;  // [height, width, 3], RGB
  char error[240];
};

/// The library's symbol of drawing. Its number grows with every change of this header.
using Paint = bool (*)(Canvas&);
inline constexpr const char* kPaint = "moonlab_image_paint_1";

}  // namespace moonlab::image
