// What a loader gives.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace moonlab::data {

/// How the samples of a batch were mixed (host/data/mixing.hpp).
struct MixedBatch {
  at::Tensor permutation;  // long [B]: each sample's partner
  double lambda = 1;       // the sample's own share; the partner's is 1 - lambda
  at::Tensor mask;         // bool [H, W]: true where a picture shows its partner's; undefined where all are mixed
};

/// One batch of B samples.
struct Batch {
  at::Tensor x;    // float32 [B, C, H, W]: pixels scaled to [0, 1], then normalised a channel;
                   // or long [B, T]: the tokens of texts, T those of the longest, filled up with the tokenizer's pad;
                   // or float32 [B, F]: features computed beforehand
  at::Tensor y;    // long [B]: the class, or what `targets` makes of it (a node of the label graph);
                   // [B, K] where samples have several labels: the rest of a row is -1
  at::Tensor idx;  // long [B]: the sample's index in its dataset
  at::Tensor domain;   // long [B]: which dataset, from 0
  at::Tensor targets;  // y on the CPU: what a loss works out on the host waits for no device
  at::Tensor mask;     // bool [B, T]: true where x is a token of the text; undefined for images
  at::Tensor w;        // float32 [B]: the weight of each sample's loss; undefined where all weigh 1
  at::Tensor weights;  // w on the CPU, for the same reason
  at::Tensor t;        // float32 [B, C]: 1 for every label of a sample, or the weights of mixed labels; undefined where
                       // samples have one label each
  std::optional<MixedBatch> mix;  // nothing where the batch is not mixed
};

}  // namespace moonlab::data
