// Batches whose pictures and labels are mixed with each other.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/data/augment.hpp"
#include "host/data/batch.hpp"

namespace moonlab::data {

/// A number of Beta(alpha, alpha), alpha > 0.
double draw_beta(double alpha, Draw& draw);

/// How the batches of training are mixed: a list of
///   mixup { alpha = 1, p = 1 }    lambda x + (1 - lambda) x', lambda of Beta(alpha, alpha) (Zhang et al. 2018, eq. 1)
///   cutmix { alpha = 1, p = 1 }   a box of the partner's picture, 1 - lambda of the area unless an edge cuts it;
///                                 lambda is then the share that is left (Yun et al. 2019, eqs. 1 and 2)
/// `p` is the share of the batches that are. Of several, each batch takes one, all as often.
/// The partners are a random permutation of the batch; all that is drawn comes from the seed alone.
class Mixing {
 public:
  /// Errors: an unknown kind or option with the nearest one, alpha that is not above 0, p outside of [0, 1].
  explicit Mixing(const nlohmann::ordered_json& list);

  /// Mixes x [B, C, H, W], and gives the batch t float [B, classes], the labels' weights, in a batch that stays unmixed
  /// too. y stays each sample's own label. Weights of samples go with the labels: the new w t is lambda w t +
  /// (1 - lambda) times that of the partner, so that the weighted loss is the mixed one of the pair. Errors: x holds no
  /// pictures, several labels a sample.
  void apply(Batch& batch, int64_t classes, uint64_t seed) const;

 private:
  struct Way {
    bool cut;
    double alpha, p;
  };
  std::vector<Way> ways_;
};

}  // namespace moonlab::data
