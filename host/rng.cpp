#include "host/rng.hpp"

#include <ATen/CPUGeneratorImpl.h>

namespace moonlab {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
static uint64_t mix(uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index) noexcept {
  uint64_t h = mix(seed);
  for (unsigned char c : purpose) h = mix(h ^ c);
  // 53 bits: Lua's numbers carry it exactly, so that it can be written down and set again
  return mix(h ^ mix(index)) >> 11;
}

at::Generator stream(uint64_t seed, std::string_view purpose, uint64_t index) {
  return at::detail::createCPUGenerator(derive_seed(seed, purpose, index));
}

}  // namespace moonlab
