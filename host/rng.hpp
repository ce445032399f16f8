// Random streams by purpose, all from one seed, so that an ablation changes one thing.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string_view>

namespace moonlab {

/// A seed for one purpose ("init", "order", "augment", "decode", "dropout") and, where it belongs to one sample or
/// one epoch, its index. Different purposes and indices give unrelated seeds; equal ones give equal seeds everywhere.
uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index = 0) noexcept;

/// A CPU generator of its own, started from derive_seed.
at::Generator stream(uint64_t seed, std::string_view purpose, uint64_t index = 0);

}  // namespace moonlab
