// Batches for training and evaluation, made from images in memory.
#pragma once

#include <memory>
#include <optional>

#include "host/data/batch_workers.hpp"
#include "host/data/dataset.hpp"
#include "host/data/sampler.hpp"

namespace moonlab::data {

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
/// Without a transform there is no worker thread: a batch of 32 digits takes about 30 microseconds to make, less than a
/// step's first operator. A transform runs on worker threads, and what it gives does not depend on how many there are.
class Loader {
 public:
  /// Batches are made on the CPU and moved to `device`.
  /// Errors: sources whose images differ in shape, a target list of another length than the classes.
  Loader(std::vector<Source> sources, SamplerOptions options, at::Device device = at::kCPU);

  /// Every image goes through a transform of one of `workers` threads, before it is normalised. Errors of next(): what
  /// the transform threw, with dataset and sample; images of several shapes in a batch.
  void set_transform(TransformMaker transform, int64_t workers);

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
  // What making a batch reads, shared with the workers.
  struct Recipe {
    std::vector<Source> sources;
    std::vector<std::vector<float>> tables;  // of a source: [C][256], value of a pixel
  };
  static Batch make(const Recipe& recipe, const Plan& plan, int64_t number);
  static Batch make_transformed(const Recipe& recipe, const Plan& plan, int64_t number, int64_t epoch, uint64_t seed,
                                Transform& transform, const std::function<void()>& go_on);

  std::shared_ptr<Recipe> recipe_;
  Sampler sampler_;
  at::Device device_;
  std::shared_ptr<const Plan> plan_;
  std::unique_ptr<BatchWorkers> workers_;
  int64_t epoch_ = -1, batch_ = 0;
};

}  // namespace moonlab::data
