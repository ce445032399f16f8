// Binary labels: a word of bits for every class. The same seed gives the same words on every machine and in every
// version of LibTorch, whose own generators change.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::label {

/// Words of fair coins, byte [n, bits] of 0 and 1, every two different in at least `min_distance` (a share in [0, 1])
/// of the bits and always in one; a word that is too near to an earlier one is drawn again.
/// Errors: more words than 2^bits; none found for a class within 1,000 draws.
at::Tensor random_codes(int64_t n, int64_t bits, int64_t seed, double min_distance = 0);

/// Rows 1, 2, ... of a Hadamard matrix (Sylvester's) as byte [n, bits]: every two differ in exactly half of the bits.
/// Errors: bits no power of two, or not more than n (row 0 is constant and left out).
at::Tensor hadamard_codes(int64_t n, int64_t bits);

}  // namespace moonlab::label
