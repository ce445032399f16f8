#include "host/data/sampler.hpp"

#include <algorithm>
#include <numeric>

#include "host/data/split.hpp"
#include "host/error.hpp"
#include "host/rng.hpp"

namespace moonlab::data {

Mix parse_mix(const std::string& name) {
  if (name == "proportional") return Mix::kProportional;
  if (name == "balanced") return Mix::kBalanced;
  if (name == "round-robin") return Mix::kRoundRobin;
  fail("unknown mix '", name, "'", did_you_mean(name, {"proportional", "balanced", "round-robin"}),
       " (proportional, balanced, round-robin)");
}

namespace {

// `total` in the proportions of `draw`, in whole numbers: what is left over goes to the largest remainders, of equal
// ones to the first.
std::vector<int64_t> divided(int64_t total, const std::vector<double>& draw) {
  const double sum = std::accumulate(draw.begin(), draw.end(), 0.0);
  std::vector<int64_t> shares;
  std::vector<double> remainders;
  for (double d : draw) {
    const double exact = static_cast<double>(total) * (d / sum);
    // a hair above, so that thirds of 9 are 3 each whatever the rounding
    shares.push_back(static_cast<int64_t>(exact + 1e-9));
    remainders.push_back(exact - static_cast<double>(shares.back()));
  }
  std::vector<size_t> by_remainder(draw.size());
  std::iota(by_remainder.begin(), by_remainder.end(), size_t{0});
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](size_t a, size_t b) { return remainders[a] > remainders[b] + 1e-9; });
  int64_t left = total - std::accumulate(shares.begin(), shares.end(), int64_t{0});
  for (size_t d = 0; left > 0; ++d, --left) ++shares[by_remainder[d]];
  return shares;
}

}  // namespace

Sampler::Sampler(std::vector<int64_t> sizes, SamplerOptions options)
    : sizes_(std::move(sizes)), options_(std::move(options)) {
  if (options_.batch < 1) fail("loader: batch must be at least 1, got ", options_.batch);
  if (sizes_.empty()) fail("loader: no dataset given");
  auto& draw = options_.draw;
  if (draw.empty()) draw.assign(sizes_.size(), 1.0);
  if (draw.size() != sizes_.size()) fail("loader: ", sizes_.size(), " datasets, but ", draw.size(), " values of draw");
  for (size_t d = 0; d < sizes_.size(); ++d) {
    if (sizes_[d] < 1) fail("loader: dataset ", d, " (from 0) holds no samples");
    if (!(draw[d] > 0)) fail("loader: dataset ", d, " (from 0): draw must be above 0, got ", draw[d]);
    // llround without <cmath>: not negative
    shares_.push_back(static_cast<int64_t>(draw[d] * static_cast<double>(sizes_[d]) + 0.5));
  }
  if (options_.mix == Mix::kBalanced && sizes_.size() > 1)
    shares_ = divided(std::accumulate(sizes_.begin(), sizes_.end(), int64_t{0}), draw);
  for (size_t d = 0; d < sizes_.size(); ++d)
    if (shares_[d] == 0)
      fail("loader: dataset ", d, " (from 0): draw = ", draw[d], " leaves no sample of its ", sizes_[d], " an epoch");
}

// The samples of one dataset in the order of one pass through it.
std::vector<int64_t> Sampler::order(size_t domain, int64_t epoch, int64_t pass) const {
  if (!options_.shuffle) {
    std::vector<int64_t> ascending(sizes_[domain]);
    std::iota(ascending.begin(), ascending.end(), int64_t{0});
    return ascending;
  }
  const std::string purpose = "order/" + std::to_string(domain) + "/" + std::to_string(pass);
  return permutation(sizes_[domain], derive_seed(options_.seed, purpose, epoch));
}

// Batches of one dataset each, from an epoch that holds the datasets one after the other.
void Sampler::take_turns(Plan& plan, const Plan& all) const {
  std::vector<int64_t> at, end;
  for (int64_t share : shares_) {
    at.push_back(end.empty() ? 0 : end.back());
    end.push_back(at.back() + share);
  }
  for (int64_t before = -1; before != static_cast<int64_t>(plan.ends.size());) {
    before = static_cast<int64_t>(plan.ends.size());
    for (size_t d = 0; d < sizes_.size(); ++d) {
      const int64_t n = std::min(options_.batch, end[d] - at[d]);
      if (n == 0 || (options_.drop_last && n < options_.batch)) continue;
      for (int64_t i = 0; i < n; ++i, ++at[d]) plan.add(all, at[d]);
      plan.ends.push_back(static_cast<int64_t>(plan.index.size()));
    }
  }
}

Plan Sampler::plan(int64_t epoch) const {
  Plan all;  // dataset by dataset
  bool repeated = false;
  for (size_t d = 0; d < sizes_.size(); ++d)
    for (int64_t pass = 0, n = 0; n < shares_[d]; ++pass)
      for (int64_t i : order(d, epoch, pass)) {
        if (n++ == shares_[d]) break;
        all.domain.push_back(static_cast<int64_t>(d));
        all.index.push_back(i);
        all.repeats.push_back(pass);
        repeated |= pass > 0;
      }
  if (!repeated) all.repeats.clear();
  Plan plan;
  if (options_.mix == Mix::kRoundRobin && sizes_.size() > 1) {
    take_turns(plan, all);
    return plan;
  }
  const auto size = static_cast<int64_t>(all.index.size());
  if (options_.shuffle && sizes_.size() > 1) {
    for (int64_t k : permutation(size, derive_seed(options_.seed, "order", epoch))) plan.add(all, k);
  } else {
    plan = std::move(all);
  }
  for (int64_t end = options_.batch; end <= size; end += options_.batch) plan.ends.push_back(end);
  if (size % options_.batch != 0 && !options_.drop_last) plan.ends.push_back(size);
  return plan;
}

int64_t Sampler::batches() const {
  auto count = [this](int64_t n) { return n / options_.batch + (n % options_.batch && !options_.drop_last ? 1 : 0); };
  if (options_.mix != Mix::kRoundRobin) return count(std::accumulate(shares_.begin(), shares_.end(), int64_t{0}));
  int64_t sum = 0;
  for (int64_t n : shares_) sum += count(n);
  return sum;
}

}  // namespace moonlab::data
