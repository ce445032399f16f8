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

Sampler::Sampler(std::vector<int64_t> sizes, SamplerOptions options) : sizes_(std::move(sizes)), options_(options) {
  if (options_.batch < 1) fail("loader: batch must be at least 1, got ", options_.batch);
  if (sizes_.empty()) fail("loader: no dataset given");
  for (size_t d = 0; d < sizes_.size(); ++d)
    if (sizes_[d] < 1) fail("loader: dataset ", d, " (from 0) holds no samples");
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

Plan Sampler::plan(int64_t epoch) const {
  Plan plan;
  const int64_t total = std::accumulate(sizes_.begin(), sizes_.end(), int64_t{0});
  auto add = [&](int64_t domain, int64_t index) {
    plan.domain.push_back(domain);
    plan.index.push_back(index);
  };
  if (options_.mix == Mix::kRoundRobin && sizes_.size() > 1) {
    std::vector<std::vector<int64_t>> orders;
    for (size_t d = 0; d < sizes_.size(); ++d) orders.push_back(order(d, epoch, 0));
    std::vector<int64_t> at(sizes_.size());
    for (int64_t before = -1; before != static_cast<int64_t>(plan.ends.size());) {
      before = static_cast<int64_t>(plan.ends.size());
      for (size_t d = 0; d < sizes_.size(); ++d) {
        const int64_t n = std::min(options_.batch, sizes_[d] - at[d]);
        if (n == 0 || (options_.drop_last && n < options_.batch)) continue;
        for (int64_t i = 0; i < n; ++i) add(static_cast<int64_t>(d), orders[d][at[d]++]);
        plan.ends.push_back(static_cast<int64_t>(plan.index.size()));
      }
    }
    return plan;
  }

  Plan before;  // dataset by dataset
  if (options_.mix == Mix::kBalanced && sizes_.size() > 1) {
    const auto datasets = static_cast<int64_t>(sizes_.size());
    for (int64_t d = 0; d < datasets; ++d) {
      const int64_t share = total / datasets + (d < total % datasets ? 1 : 0);
      for (int64_t pass = 0, n = 0; n < share; ++pass)
        for (int64_t i : order(d, epoch, pass)) {
          if (n++ == share) break;
          before.domain.push_back(d);
          before.index.push_back(i);
          before.repeats.push_back(pass);
        }
    }
  } else {
    for (size_t d = 0; d < sizes_.size(); ++d)
      for (int64_t i : order(d, epoch, 0)) {
        before.domain.push_back(static_cast<int64_t>(d));
        before.index.push_back(i);
      }
  }
  if (options_.shuffle && sizes_.size() > 1) {
    for (int64_t k : permutation(total, derive_seed(options_.seed, "order", epoch))) {
      add(before.domain[k], before.index[k]);
      if (!before.repeats.empty()) plan.repeats.push_back(before.repeats[k]);
    }
  } else {
    plan = std::move(before);
  }
  const auto size = static_cast<int64_t>(plan.index.size());
  for (int64_t end = options_.batch; end <= size; end += options_.batch) plan.ends.push_back(end);
  if (size % options_.batch != 0 && !options_.drop_last) plan.ends.push_back(size);
  return plan;
}

int64_t Sampler::batches() const {
  auto count = [this](int64_t n) { return n / options_.batch + (n % options_.batch && !options_.drop_last ? 1 : 0); };
  if (options_.mix != Mix::kRoundRobin) return count(std::accumulate(sizes_.begin(), sizes_.end(), int64_t{0}));
  int64_t sum = 0;
  for (int64_t n : sizes_) sum += count(n);
  return sum;
}

}  // namespace moonlab::data
