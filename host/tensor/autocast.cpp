#include "host/tensor/autocast.hpp"

#include <ATen/autocast_mode.h>

#include "host/error.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab {

namespace {

std::optional<c10::DeviceType> device_of(std::string_view name) {
  if (name == "cpu") return c10::DeviceType::CPU;
  if (name == "cuda") return c10::DeviceType::CUDA;
  return std::nullopt;
}

c10::ScalarType checked_dtype(c10::DeviceType device, std::string_view name) {
  auto type = parse_dtype(name);
  if (!type) fail("autocast: unknown dtype '", name, "' (bfloat16, float16)");
  const bool low = *type == c10::ScalarType::BFloat16 || *type == c10::ScalarType::Half;
  // CUDA takes float32 too, with which its operators keep their precision
  if (!low && !(device == c10::DeviceType::CUDA && *type == c10::ScalarType::Float))
    fail("autocast on ", c10::DeviceTypeName(device, true), " runs in bfloat16 or float16, got '", name, "'");
  return *type;
}

}  // namespace

c10::DeviceType autocast_device(std::string_view name) {
  auto device = device_of(name);
  if (!device) fail("autocast: no device type '", name, "'", did_you_mean(name, {"cpu", "cuda"}), " (cpu, cuda)");
  return *device;
}

bool autocast_available(std::string_view name) { return device_of(name).has_value(); }

bool autocast_enabled(c10::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
void set_autocast_enabled(c10::DeviceType device, bool enabled) { at::autocast::set_autocast_enabled(device, enabled); }

std::string autocast_dtype(c10::DeviceType device) { return dtype_name(at::autocast::get_autocast_dtype(device)); }

void set_autocast_dtype(c10::DeviceType device, std::string_view dtype) {
  at::autocast::set_autocast_dtype(device, checked_dtype(device, dtype));
}

bool autocast_cache_enabled() { return at::autocast::is_autocast_cache_enabled(); }
void set_autocast_cache_enabled(bool enabled) { at::autocast::set_autocast_cache_enabled(enabled); }
void clear_autocast_cache() { at::autocast::clear_cache(); }

int increment_autocast_nesting() { return at::autocast::increment_nesting(); }
int decrement_autocast_nesting() { return at::autocast::decrement_nesting(); }

AutocastRegion::AutocastRegion(c10::DeviceType device, bool enabled, std::optional<std::string> dtype,
                               std::optional<bool> cache)
    : device_(device),
      enabled_(at::autocast::is_autocast_enabled(device)),
      cache_(at::autocast::is_autocast_cache_enabled()),
      dtype_(at::autocast::get_autocast_dtype(device)) {
  const auto type = dtype ? checked_dtype(device, *dtype) : dtype_;
  at::autocast::set_autocast_enabled(device, enabled);
  at::autocast::set_autocast_dtype(device, type);
  at::autocast::set_autocast_cache_enabled(cache.value_or(cache_));
  at::autocast::increment_nesting();
}

AutocastRegion::~AutocastRegion() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, enabled_);
  at::autocast::set_autocast_dtype(device_, dtype_);
  at::autocast::set_autocast_cache_enabled(cache_);
}

}  // namespace moonlab
