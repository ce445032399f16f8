#include "host/data/split.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "host/error.hpp"
#include "host/rng.hpp"

namespace moonlab::data {

namespace {

// Uniform in 0 .. n-1 without bias: numbers beyond the last full multiple of n are drawn again.
uint64_t below(std::mt19937_64& random, uint64_t n) {
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  uint64_t x;
  do x = random();
  while (x >= limit);
  return x % n;
}

// llround without <cmath>: shares are not negative
size_t rounded(double x) { return static_cast<size_t>(x + 0.5); }

}  // namespace

std::vector<int64_t> permutation(int64_t n, uint64_t seed) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::mt19937_64 random(seed);
  for (int64_t i = n; i > 1; --i) std::swap(order[i - 1], order[below(random, i)]);
  return order;
}

Partition::Partition(Dataset data, uint64_t seed, bool stratified)
    : data_(std::move(data)), names_(stratified ? data_.class_names() : std::vector<std::string>{"any"}) {
  of_class_.resize(names_.size());
  // A class is shuffled by its number in the origin: left with other classes or alone it has the same order, so that
  // parts by `skip` stay apart whichever classes each of them keeps.
  const auto& origin = data_.samples().class_names;
  auto number_of = [&](size_t c) {
    const auto found = std::find(origin.begin(), origin.end(), names_[c]);
    return stratified && found != origin.end() ? static_cast<size_t>(found - origin.begin()) : c;
  };
  const at::Tensor labels = data_.first_labels();
  const int64_t* y = labels.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < data_.size(); ++i) of_class_[stratified ? y[i] : 0].push_back(i);
  for (size_t c = 0; c < of_class_.size(); ++c) {
    auto& members = of_class_[c];
    std::vector<int64_t> shuffled;
    for (int64_t i : permutation(static_cast<int64_t>(members.size()), derive_seed(seed, "split", number_of(c))))
      shuffled.push_back(members[i]);
    members = std::move(shuffled);
    back_.push_back(members.size());
  }
  front_.resize(of_class_.size());
}

Dataset Partition::take_front(const Amount& amount, const std::string& purpose) { return take(amount, purpose, true); }

Dataset Partition::take_back(const Amount& amount, const std::string& purpose) { return take(amount, purpose, false); }

Dataset Partition::take(const Amount& amount, const std::string& purpose, bool front) {
  const size_t classes = of_class_.size();
  std::vector<size_t> wanted(classes);
  size_t left = 0;
  for (size_t c = 0; c < classes; ++c) left += back_[c] - front_[c];
  if (amount.total) {
    // turn by turn, so that a small class gives what it has and the others the rest
    const auto total = static_cast<size_t>(*amount.total);
    if (total > left) fail(data_.name(), ": ", left, " samples are left, ", total, " wanted for ", purpose);
    for (size_t given = 0; given < total;)
      for (size_t c = 0; c < classes && given < total; ++c)
        if (front_[c] + wanted[c] < back_[c]) ++wanted[c], ++given;
  } else {
    for (size_t c = 0; c < classes; ++c) {
      const size_t has = back_[c] - front_[c];
      if (amount.per_class) wanted[c] = static_cast<size_t>(*amount.per_class);
      else if (amount.fraction) wanted[c] = rounded(*amount.fraction * static_cast<double>(has));
      else wanted[c] = has;
      if (wanted[c] > has)
        fail(data_.name(), ": class '", names_[c], "' has ", has, " of ", of_class_[c].size(), " samples left, ",
             wanted[c], " wanted for ", purpose);
    }
  }
  std::vector<int64_t> taken;
  for (size_t turn = 0, before = SIZE_MAX; before != taken.size(); ++turn) {
    before = taken.size();
    for (size_t c = 0; c < classes; ++c)
      if (turn < wanted[c]) taken.push_back(of_class_[c][front ? front_[c] + turn : back_[c] - 1 - turn]);
  }
  for (size_t c = 0; c < classes; ++c)
    if (front) front_[c] += wanted[c];
    else back_[c] -= wanted[c];
  return data_.subset(taken);
}

}  // namespace moonlab::data
