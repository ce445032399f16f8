// Autocast: operators run in a lower precision where that is known to be safe, by device. The settings are the
// thread's own.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace moonlab {

/// The kind of device that a name means ("cpu", "cuda"). Raises where LibTorch has no autocast for it.
c10::DeviceType autocast_device(std::string_view name);

bool autocast_available(std::string_view name);

bool autocast_enabled(c10::DeviceType device);
void set_autocast_enabled(c10::DeviceType device, bool enabled);

/// The dtype that operators run in: bfloat16 on the CPU and float16 on CUDA, until set.
std::string autocast_dtype(c10::DeviceType device);
void set_autocast_dtype(c10::DeviceType device, std::string_view dtype);

/// Whether weights that were cast are kept for the next operator of the same region.
bool autocast_cache_enabled();
void set_autocast_cache_enabled(bool enabled);
void clear_autocast_cache();

/// Depth of nested regions, after the change. Whoever counts down to 0 clears the cache.
int increment_autocast_nesting();
int decrement_autocast_nesting();

/// The settings of one region; those before come back when it ends, also by an error, and the end of the outermost
/// region frees the weights that were cast in it.
class AutocastRegion {
 public:
  AutocastRegion(c10::DeviceType device, bool enabled, std::optional<std::string> dtype, std::optional<bool> cache);
  ~AutocastRegion();
  AutocastRegion(const AutocastRegion&) = delete;
  AutocastRegion& operator=(const AutocastRegion&) = delete;

 private:
  c10::DeviceType device_;
  bool enabled_, cache_;
  c10::ScalarType dtype_;
};

}  // namespace moonlab
