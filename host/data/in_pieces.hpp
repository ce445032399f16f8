// Loops over many files.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#include "host/interrupt.hpp"

namespace moonlab::data {

/// Calls f(i) for 0 .. n-1 on LibTorch's threads, in pieces between which an interrupt of the user's is heard.
template <class F>
void in_pieces(int64_t n, const F& f) {
  constexpr int64_t kPiece = 256, kEach = 4;
  for (int64_t from = 0; from < n; from += kPiece) {
    poll_interrupt();
    at::parallel_for(from, std::min(n, from + kPiece), kEach, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i);
    });
  }
}

}  // namespace moonlab::data
