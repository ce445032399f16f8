// libFuzzer: whatever the bytes are, the reader of torch.save's files gives values or a clean Error.
#include "fuzz/weights_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  moonlab::fuzz::read_torch_file({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
