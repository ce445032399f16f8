// SHA-256 with the processor's own instructions, where it has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moonlab {

/// Whether this processor has instructions for SHA-256 (x86 with SHA extensions).
bool hashes_in_hardware() noexcept;

/// Takes `count` blocks of 64 bytes into the state of a SHA-256 (FIPS 180-4, section 6.2.2). Call it only where
/// hashes_in_hardware().
void hash_blocks(uint32_t state[8], const uint8_t* blocks, size_t count) noexcept;

}  // namespace moonlab
