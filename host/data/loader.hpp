// Batches for training and evaluation, made from images in memory.
#pragma once

#include <optional>

#include "host/data/dataset.hpp"
#include "host/data/sampler.hpp"

namespace moonlab::data {

/// One batch of B samples.
struct Batch {
  at::Tensor x;       // float32 [B, C, H, W]: pixels scaled to [0, 1], then normalised a channel
  at::Tensor y;       // long [B]: the class, or what `targets` makes of it (a node of the label graph)
  at::Tensor idx;     // long [B]: the sample's index in its dataset
  at::Tensor domain;  // long [B]: which dataset, from 0
  at::Tensor targets;  // y on the CPU: what a loss works out on the host waits for no device
};

/// A dataset as a loader reads it.
struct Source {
  Dataset data;
  std::vector<int64_t> targets;  // of each class: y; empty: the class's own number
  bool normalise = true;         // otherwise pixels are scaled to [0, 1] alone
};

/// All images of a dataset (or view) as float32 [n, C, H, W], scaled to [0, 1] and, where `normalise` is set and the
/// samples bring mean and deviation, normalised; one pass, through a table of 256 values.
at::Tensor load_images(const Dataset& data, bool normalise = true);

/// Goes through its sources epoch by epoch. The batches of an epoch depend on sources, options and epoch alone.
///
/// There is no worker thread: a batch of 32 digits takes about 30 microseconds to make, less than a
/// step's first operator.
class Loader {
 public:
  /// Batches are made on the CPU and moved to `device`.
  /// Errors: sources whose images differ in shape, a target list of another length than the classes.
  Loader(std::vector<Source> sources, SamplerOptions options, at::Device device = at::kCPU);

  /// Starts an epoch (from 0) at a batch (from 0): the saved position of an interrupted run. Errors: negative or
  /// beyond the epoch's last batch.
  void begin(int64_t epoch, int64_t batch = 0);
  /// The next batch of the epoch, nothing after the last.
  std::optional<Batch> next();

  int64_t epoch() const { return epoch_; }
  int64_t batch() const { return batch_; }  // batches given in this epoch
  int64_t batches() const { return sampler_.batches(); }
  /// Samples over all sources.
  int64_t size() const;

 private:
  std::vector<Source> sources_;
  Sampler sampler_;
  std::vector<std::vector<float>> tables_;  // of a source: [C][256], value of a pixel
  at::Device device_;
  Plan plan_;
  int64_t epoch_ = -1, batch_ = 0;
};

}  // namespace moonlab::data
