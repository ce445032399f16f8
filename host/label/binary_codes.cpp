#include "host/label/binary_codes.hpp"

#include <ATen/ATen.h>

#include <bit>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "host/error.hpp"

namespace moonlab::label {

namespace {

/// mulberry32: a 32-bit generator with full period, enough for fair coins.
class Coins {
 public:
  explicit Coins(int64_t seed) : state_(static_cast<uint32_t>(seed)) {}

  uint32_t toss() {
    if (left_ == 0) {
      state_ += 0x6D2B79F5u;
      uint32_t t = (state_ ^ state_ >> 15) * (1 | state_);
      t ^= t + (t ^ t >> 7) * (61 | t);
      word_ = t ^ t >> 14, left_ = 32;
    }
    const uint32_t coin = word_ & 1;
    word_ >>= 1, --left_;
    return coin;
  }

 private:
  uint32_t state_, word_ = 0;
  int left_ = 0;
};

using Word = std::vector<uint64_t>;

int64_t distance(const uint64_t* a, const uint64_t* b, size_t parts) {
  int64_t count = 0;
  for (size_t i = 0; i < parts; ++i) count += std::popcount(a[i] ^ b[i]);
  return count;
}

void check(int64_t n, int64_t bits) {
  if (n < 1 || bits < 1) fail("binary labels: needs at least one class and one bit, got ", n, " and ", bits);
}

}  // namespace

at::Tensor random_codes(int64_t n, int64_t bits, int64_t seed, double min_distance) {
  check(n, bits);
  if (!(min_distance >= 0 && min_distance <= 1))
    fail("binary labels: min_distance is a share in [0, 1], got ", min_distance);
  if (bits < 32 && n > int64_t{1} << bits)
    fail(bits, " bits give only ", int64_t{1} << bits, " different labels, ", n, " classes need one each");
  const auto least = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(min_distance * static_cast<double>(bits))));
  const size_t parts = (static_cast<size_t>(bits) + 63) / 64;
  Coins coins(seed);
  std::vector<uint64_t> words;                    // of all rows so far, packed
  words.reserve(static_cast<size_t>(n) * parts);  // so that what `seen` looks at does not move
  std::unordered_set<std::string_view> seen;
  const at::Tensor rows = at::zeros({n, bits}, at::kByte);
  auto* out = rows.mutable_data_ptr<uint8_t>();
  const auto text = [&](const Word& word) {
    return std::string_view(reinterpret_cast<const char*>(word.data()), parts * 8);
  };
  const auto near_another = [&](const Word& word) {
    if (least == 1) return seen.count(text(word)) > 0;
    for (size_t other = 0; other < words.size(); other += parts)
      if (distance(word.data(), &words[other], parts) < least) return true;
    return false;
  };
  for (int64_t r = 0; r < n; ++r) {
    Word word(parts);
    int draws = 0;
    do {
      if (draws++ == 1000)
        fail("no ", n, " codes of ", bits, " bits with a distance of at least ", least,
             " bits found; lower min_distance or take more bits");
      std::fill(word.begin(), word.end(), 0);
      for (int64_t i = 0; i < bits; ++i) word[i / 64] |= static_cast<uint64_t>(coins.toss()) << i % 64;
    } while (near_another(word));
    words.insert(words.end(), word.begin(), word.end());
    if (least == 1) seen.insert({reinterpret_cast<const char*>(&words[words.size() - parts]), parts * 8});
    for (int64_t i = 0; i < bits; ++i) out[r * bits + i] = word[i / 64] >> i % 64 & 1;
  }
  return rows;
}

at::Tensor hadamard_codes(int64_t n, int64_t bits) {
  check(n, bits);
  if (!std::has_single_bit(static_cast<uint64_t>(bits))) fail("hadamard codes need a power of two as bits, got ", bits);
  if (n >= bits) fail(bits, " bits give ", bits - 1, " hadamard codes, ", n, " are needed");
  const at::Tensor rows = at::empty({n, bits}, at::kByte);
  auto* out = rows.mutable_data_ptr<uint8_t>();
  for (int64_t r = 1; r <= n; ++r)
    for (int64_t column = 0; column < bits; ++column) *out++ = std::popcount(static_cast<uint64_t>(r & column)) & 1;
  return rows;
}

}  // namespace moonlab::label
