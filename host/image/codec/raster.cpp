// Shapes to pixels with OpenCV: every shape is a mask of coverage within its bounds, through which its colour is laid.
#include "host/image/codec/raster.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace moonlab::image {

namespace {

constexpr int kShift = 4, kFraction = 1 << kShift;  // OpenCV's fixed point
constexpr int kFont = cv::FONT_HERSHEY_DUPLEX;
constexpr double kCapitals = 21;        // height of its capitals at scale 1
constexpr double kCapitalShare = 0.70;  // of a font's size

using Points = std::vector<cv::Point2d>;

class Painter {
 public:
  explicit Painter(Canvas& canvas)
      : image_(static_cast<int>(canvas.height), static_cast<int>(canvas.width), CV_8UC3, canvas.pixels) {
    image_.setTo(cv::Scalar(canvas.paper[0], canvas.paper[1], canvas.paper[2]));
  }

  void draw(const Stroke& s) {
    Points points;
    for (int i = 0; i < s.count; ++i) points.emplace_back(s.points[2 * i], s.points[2 * i + 1]);
    switch (s.kind) {
      case Stroke::kBox:
        box(s, points[0], points[1]);
        break;
      case Stroke::kPolygon:
        masked(s, bounds(points, 2), [&](cv::Mat mask, cv::Point2d origin) {
          cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{fixed(points, origin)}, 255, cv::LINE_AA, kShift);
        });
        break;
      case Stroke::kDisc:
        masked(s, bounds(points, s.size + 2), [&](cv::Mat mask, cv::Point2d origin) {
          cv::circle(mask, fixed(points, origin)[0], static_cast<int>(std::lround(s.size * kFraction)), 255, cv::FILLED,
                     cv::LINE_AA, kShift);
        });
        break;
      case Stroke::kPolyline:
        polyline(s, points);
        break;
      case Stroke::kText:
        text(s, points[0]);
        break;
    }
  }

 private:
  // Edges at whole pixels: crisp, and cells side by side leave no seam.
  void box(const Stroke& s, cv::Point2d a, cv::Point2d b) {
    const auto edge = [](double v) { return static_cast<int>(std::lround(v)); };
    cv::Rect r(edge(a.x), edge(a.y), std::max(1, edge(b.x) - edge(a.x)), std::max(1, edge(b.y) - edge(a.y)));
    if (b.x - a.x <= 0 || b.y - a.y <= 0) return;
    masked(s, r, [](cv::Mat mask, cv::Point2d) { mask.setTo(255); });
  }

  void polyline(const Stroke& s, const Points& points) {
    const int width = std::max(1, static_cast<int>(std::lround(s.size - 0.5)));  // its soft edges add the rest
    if (points.size() == 2 && s.dash_count == 0 && (points[0].x == points[1].x || points[0].y == points[1].y)) {
      const bool level = points[0].y == points[1].y;
      const double low_x = std::min(points[0].x, points[1].x), low_y = std::min(points[0].y, points[1].y);
      const double x = std::floor(low_x - (level ? 0 : width / 2.0) + 0.5);
      const double y = std::floor(low_y - (level ? width / 2.0 : 0) + 0.5);
      const double length = std::abs(points[0].x - points[1].x) + std::abs(points[0].y - points[1].y);
      return box(s, {x, y}, {x + (level ? length : width), y + (level ? width : length)});
    }
    const auto pieces = s.dash_count > 0 ? dashed(points, s) : std::vector<Points>{points};
    masked(s, bounds(points, s.size + 2), [&](cv::Mat mask, cv::Point2d origin) {
      for (const auto& piece : pieces)
        cv::polylines(mask, std::vector<std::vector<cv::Point>>{fixed(piece, origin)}, false, 255, width, cv::LINE_AA,
                      kShift);
    });
  }

  static std::vector<Points> dashed(const Points& points, const Stroke& s) {
    std::vector<Points> pieces;
    int which = 0;
    double left = s.dashes[0];
    Points piece{points[0]};
    for (size_t i = 1; i < points.size(); ++i) {
      cv::Point2d from = points[i - 1];
      double length = cv::norm(points[i] - from);
      while (length > left) {
        const cv::Point2d at = from + (points[i] - from) * (left / length);
        if (which % 2 == 0) {
          piece.push_back(at);
          pieces.push_back(piece);
        }
        piece = {at};
        length -= left;
        from = at;
        which = (which + 1) % s.dash_count;
        left = s.dashes[which];
      }
      left -= length;
      if (which % 2 == 0) piece.push_back(points[i]);
    }
    if (which % 2 == 0 && piece.size() > 1) pieces.push_back(piece);
    return pieces;
  }

  void text(const Stroke& s, cv::Point2d at) {
    double scale = s.size * kCapitalShare / kCapitals;
    const int thick = std::max(1, static_cast<int>(std::lround(s.size / (s.bold ? 14.0 : 24.0))));
    int below = 0;
    cv::Size size = cv::getTextSize(s.text, kFont, scale, thick, &below);
    if (size.width == 0) return;
    const int pad = thick + 2, rise = size.height + pad, fall = below + pad;
    cv::Mat line(rise + fall, size.width + 2 * pad, CV_8U, cv::Scalar(0));
    cv::putText(line, s.text, {pad, rise}, kFont, scale, 255, thick, cv::LINE_AA);
    double width = line.cols;
    if (size.width > s.room) {  // as narrow as the layout counted on
      width = std::max(1.0, line.cols * s.room / size.width);
      cv::resize(line, line, {static_cast<int>(std::lround(width)), line.rows}, 0, 0, cv::INTER_AREA);
    }
    const double back = s.anchor == 0 ? pad : s.anchor == 1 ? line.cols / 2.0 : line.cols - pad;
    cv::Rect r(static_cast<int>(std::lround(at.x - back)), static_cast<int>(std::lround(at.y - rise)), line.cols,
               line.rows);
    if (s.upright) {
      cv::rotate(line, line, cv::ROTATE_90_COUNTERCLOCKWISE);
      r = cv::Rect(static_cast<int>(std::lround(at.x - rise)), static_cast<int>(std::lround(at.y - (line.rows - back))),
                   line.cols, line.rows);
    }
    masked(s, r, [&](cv::Mat mask, cv::Point2d origin) {
      line(cv::Rect(static_cast<int>(origin.x) - r.x, static_cast<int>(origin.y) - r.y, mask.cols, mask.rows))
          .copyTo(mask);
    });
  }

  static cv::Rect bounds(const Points& points, double margin) {
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (const auto& p : points)
      left = std::min(left, p.x), right = std::max(right, p.x), top = std::min(top, p.y),
      bottom = std::max(bottom, p.y);
    const int x = static_cast<int>(std::floor(left - margin)), y = static_cast<int>(std::floor(top - margin));
    return {x, y, static_cast<int>(std::ceil(right + margin)) - x, static_cast<int>(std::ceil(bottom + margin)) - y};
  }

  static std::vector<cv::Point> fixed(const Points& points, cv::Point2d origin) {
    std::vector<cv::Point> out;
    for (const auto& p : points)  // a pixel's middle is at .5
      out.emplace_back(static_cast<int>(std::lround((p.x - origin.x - 0.5) * kFraction)),
                       static_cast<int>(std::lround((p.y - origin.y - 0.5) * kFraction)));
    return out;
  }

  /// `shape(mask, origin)` draws coverage, 0 .. 255, into the part of `wanted` that lies in the image.
  template <class F>
  void masked(const Stroke& s, cv::Rect wanted, F&& shape) {
    const cv::Rect r = wanted & cv::Rect(0, 0, image_.cols, image_.rows);
    if (r.empty()) return;
    cv::Mat mask(r.height, r.width, CV_8U, cv::Scalar(0));
    shape(mask, cv::Point2d(r.x, r.y));
    for (int y = 0; y < r.height; ++y) {
      const uint8_t* cover = mask.ptr<uint8_t>(y);
      uint8_t* to = image_.ptr<uint8_t>(r.y + y) + 3 * r.x;
      for (int x = 0; x < r.width; ++x, to += 3) {
        const double share = cover[x] / 255.0 * s.opacity;
        if (share <= 0) continue;
        for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(std::lround(to[c] + (s.rgb[c] - to[c]) * share));
      }
    }
  }

  cv::Mat image_;
};

}  // namespace

}  // namespace moonlab::image

extern "C" __attribute__((visibility("default"))) bool moonlab_image_paint_1(moonlab::image::Canvas& canvas) try {
  moonlab::image::Painter painter(canvas);
  for (int64_t i = 0; i < canvas.count; ++i) painter.draw(canvas.strokes[i]);
  return true;
} catch (const std::exception& e) {
  std::snprintf(canvas.error, sizeof canvas.error, "%s", e.what());
  return false;
}
