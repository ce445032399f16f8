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
};

/// The order of one epoch.
struct Plan {
  std::vector<int64_t> domain;  // of each position: which dataset, from 0
  std::vector<int64_t> index;   // of each position: which sample of it
  std::vector<int64_t> ends;    // batch b holds the positions ends[b-1] (or 0) .. ends[b]-1
  std::vector<int64_t> repeats;  // of each position: how often its sample came before, where any comes twice

  int64_t repeat(int64_t position) const { return repeats.empty() ? 0 : repeats[position]; }
};

/// Orders by epoch. The plan depends on sizes, options and epoch alone, so a position (epoch, batch) is all there is
/// to save and restore.
class Sampler {
 public:
  /// Errors: no dataset, an empty one, a batch size below 1.
  Sampler(std::vector<int64_t> sizes, SamplerOptions options);

  Plan plan(int64_t epoch) const;
  /// Batches an epoch (the same in every epoch).
  int64_t batches() const;
  const SamplerOptions& options() const { return options_; }

 private:
  std::vector<int64_t> order(size_t domain, int64_t epoch, int64_t pass) const;

  std::vector<int64_t> sizes_;
  SamplerOptions options_;
};

}  // namespace moonlab::data
