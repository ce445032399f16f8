// Event files as TensorBoard reads them: numbers over training steps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moonlab::run {

/// What was measured at one step.
struct ScalarEvent {
  double time = 0;  // seconds since 1970
  int64_t step = 0;
  std::vector<std::pair<std::string, double>> scalars;  // by name; written as float32
};

/// The bytes of a file (events.out.tfevents.*): the version, then an event each, every record framed by its length and
/// the masked CRC-32C of length and content (TFRecord).
std::string event_file(double started, const std::vector<ScalarEvent>& events);

/// The events alone, to be appended to such a file.
std::string event_records(const std::vector<ScalarEvent>& events);

/// CRC-32C (Castagnoli) of bytes.
uint32_t crc32c(std::string_view bytes);

}  // namespace moonlab::run
