// JPEG through libjpeg-turbo itself: OpenCV prints its warnings and takes a picture that is cut short for whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <opencv2/core.hpp>

namespace moonlab::image {

/// RGB as stored, not turned, into what `place` gives for height and width (8UC3). Grey, CMYK and YCCK become RGB.
/// Throws std::runtime_error where data are missing or damaged; what decoders agree to overlook (stray bytes between
/// markers) is overlooked.
void decode_jpeg(const uint8_t* bytes, size_t size, const std::function<cv::Mat(int height, int width)>& place);

}  // namespace moonlab::image
