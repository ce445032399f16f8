#include "host/tensor/memory_format.hpp"

#include "host/error.hpp"

namespace moonlab {

bool is_contiguous(const at::Tensor& tensor, std::string_view format) {
  if (format == "contiguous_format") return tensor.is_contiguous(at::MemoryFormat::Contiguous);
  if (format == "channels_last") return tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
  if (format == "channels_last_3d") return tensor.is_contiguous(at::MemoryFormat::ChannelsLast3d);
  fail("is_contiguous: unknown memory format '", format, "'", did_you_mean(format, {"contiguous_format", "channels_last", "channels_last_3d"}),
       " (contiguous_format, channels_last, channels_last_3d)");
}

}  // namespace moonlab
