// Seeded choices of samples: the same in every process, on every machine, with every LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/data/dataset.hpp"

namespace moonlab::data {

/// 0 .. n-1 in a random order that depends on the seed alone (Fisher-Yates over std::mt19937_64, whose numbers the C++
/// standard fixes; std::shuffle and at::randperm promise no order).
std::vector<int64_t> permutation(int64_t n, uint64_t seed);

/// How many samples: an absolute number of each class, an absolute total, a share, or all (none set).
/// At most one is set.
struct Amount {
  std::optional<int64_t> per_class;
  std::optional<int64_t> total;
  std::optional<double> fraction;  // of what each class has left, in [0, 1], rounded to the nearest number
};

/// One seeded order of the samples in which any two stretches are disjoint and nearly stratified: every class is
/// shuffled on its own (in the same order whichever other classes there are), then the classes take turns. Parts of a
/// partition are stretches of it.
class Partition {
 public:
  /// Not `stratified`: one order over all classes, as if they were one.
  Partition(Dataset data, uint64_t seed, bool stratified = true);

  /// Takes `amount` from the front (train, dataset A, dataset B ...) or from the back (test, validation) of what is
  /// left, class by class in turn. Errors: more than a class has left:
  /// "mnist5k: class '3' has 20 of 500 samples left, 30 wanted for train".
  Dataset take_front(const Amount& amount, const std::string& purpose);
  Dataset take_back(const Amount& amount, const std::string& purpose);

 private:
  Dataset take(const Amount& amount, const std::string& purpose, bool front);

  Dataset data_;
  std::vector<std::string> names_;              // of the classes
  std::vector<std::vector<int64_t>> of_class_;  // shuffled indices of each class
  std::vector<size_t> front_, back_;            // [front, back) of a class is left
};

}  // namespace moonlab::data
