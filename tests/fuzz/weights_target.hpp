// What the fuzzers and the corpus test do with one input. Only moonlab::Error may come out of a reader; anything else
// (a c10::Error, bad_alloc, a crash) is a defect and ends the fuzzer.
#pragma once

#include <cstddef>
#include <span>

#include "host/error.hpp"
#include "host/weights/safetensors.hpp"
#include "host/weights/torch_file.hpp"

namespace moonlab::fuzz {

/// Whether the input was read. Every tensor of it is taken and all its bytes are looked at.
inline bool read_safetensors(std::span<const std::byte> bytes) {
  try {
    const weights::Safetensors file(weights::MappedFile::copy(bytes, "input"));
    unsigned sum = 0;
    for (const auto& entry : file.entries()) {
      const auto tensor = file.tensor(entry);
      const auto* data = static_cast<const unsigned char*>(tensor.const_data_ptr());
      for (size_t i = 0; i < tensor.nbytes(); ++i) sum += data[i];
    }
    volatile unsigned seen = sum;
    (void)seen;
    return true;
  } catch (const Error&) {
    return false;
  }
}

inline bool read_torch_file(std::span<const std::byte> bytes) {
  try {
    const auto file = weights::read_torch_file(bytes, "input");
    return file.root != nullptr;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace moonlab::fuzz
