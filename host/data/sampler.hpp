// In which order the samples of one or several datasets are seen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moonlab::data {

/// How several datasets share an epoch.
enum class Mix {
  kProportional,  // every sample once, all shuffled together: a batch holds each dataset by its size
  kBalanced,      // every dataset equally often; as many samples an epoch as kProportional, so that costs compare:
                  // a small dataset is gone through several times, a large one in part
  kRoundRobin,    // every sample once; each batch is from one dataset, the datasets take turns until they run out
};

/// "proportional", "balanced", "round-robin". Errors: another word, with the nearest.
Mix parse_mix(const std::string& name);

struct SamplerOptions {
  int64_t batch = 32;
  bool shuffle = true;
  bool drop_last = false;  // leave out batches that are not full
  Mix mix = Mix::kProportional;
  uint64_t seed = 0;  // of the experiment; the order of an epoch is stream "order" of it
  std::vector<double> draw{};  // how often each dataset is drawn from, beside what `mix` says: 2 is twice as often;
                               // empty: 1 for all. kProportional and kRoundRobin go through a dataset `draw` times an
                               // epoch (of 0.5: through another random half of it in each), kBalanced divides the
                               // epoch in these proportions
};

/// The order of one epoch.
struct Plan {
  std::vector<int64_t> domain;  // of each position: which dataset, from 0
  std::vector<int64_t> index;   // of each position: which sample of it
  std::vector<int64_t> ends;    // batch b holds the positions ends[b-1] (or 0) .. ends[b]-1
  std::vector<int64_t> repeats;  // of each position: how often its sample came before, where any comes twice

  int64_t repeat(int64_t position) const { return repeats.empty() ? 0 : repeats[position]; }
  /// Appends a position of another plan.
  void add(const Plan& other, int64_t position) {
    domain.push_back(other.domain[position]);
    index.push_back(other.index[position]);
    if (!other.repeats.empty()) repeats.push_back(other.repeats[position]);
  }
};

/// Orders by epoch. The plan depends on sizes, options and epoch alone, so a position (epoch, batch) is all there is
/// to save and restore.
class Sampler {
 public:
  /// Errors: no dataset, an empty one, a batch size below 1; `draw` of another length than `sizes`, not above 0, or so
  /// small that an epoch has no sample of a dataset.
  Sampler(std::vector<int64_t> sizes, SamplerOptions options);

  Plan plan(int64_t epoch) const;
  /// Batches an epoch (the same in every epoch).
  int64_t batches() const;
  /// How many samples an epoch has of each dataset.
  const std::vector<int64_t>& shares() const { return shares_; }
  const SamplerOptions& options() const { return options_; }

 private:
  std::vector<int64_t> order(size_t domain, int64_t epoch, int64_t pass) const;
  void take_turns(Plan& plan, const Plan& all) const;

  std::vector<int64_t> sizes_, shares_;  // samples of each dataset, and how many of them an epoch has
  SamplerOptions options_;
};

}  // namespace moonlab::data
