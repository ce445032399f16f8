// Batches for training and evaluation, made from images or texts.
#pragma once

#include <memory>
#include <optional>

#include "host/data/batch_workers.hpp"
#include "host/data/recipe.hpp"

namespace moonlab::data {

/// All images of a dataset (or view) as float32 [n, C, H, W], scaled to [0, 1] and, where `normalise` is set and the
/// samples bring mean and deviation, normalised; one pass, through a table of 256 values.
at::Tensor load_images(const Dataset& data, bool normalise = true);

/// Goes through its sources epoch by epoch. The batches of an epoch depend on sources, options and epoch alone, never
/// on how many threads make them.
///
/// Without a transform and with images in memory there is no worker thread: a batch of 32 digits takes about 30
/// microseconds to make, less than a step's first operator.
class Loader {
 public:
  /// Batches are made on the CPU and moved to `device`.
  /// `classes`: width of t, where samples have several labels; 0: the sources' own number of them.
  /// `transformed`: a transform follows (set_transform), which may give images of several shapes one shape.
  /// Errors: sources whose images differ in shape, images and texts together, texts without a tokenizer, a target list
  /// of another length than the classes, a weight that is not above 0.
  Loader(std::vector<Source> sources, SamplerOptions options, at::Device device = at::kCPU, TextInput input = {},
         int64_t classes = 0, bool transformed = false);

  /// Every image goes through a transform of one of `workers` threads; 0: of the thread that asks for batches. Errors
  /// of next(): what the transform threw, with dataset and sample; images of several shapes in a batch.
  void set_transform(TransformMaker transform, int64_t workers);
  /// Threads that decode pictures which stay in their files, where no transform is set; 0 (at first): none.
  void set_workers(int64_t workers);
  /// Whether some source's pictures are decoded for each batch.
  bool streamed() const { return recipe_->streamed; }

  /// The pictures of a batch are mixed, and their labels become t; drawn from seed, epoch and the batch's number.
  /// Errors: texts, features, samples of several labels.
  void set_mixing(const Mixing& mixing);

  /// Starts an epoch (from 0) at a batch (from 0): the saved position of an interrupted run. Nothing before it is
  /// decoded. Errors: negative or beyond the epoch's last batch.
  void begin(int64_t epoch, int64_t batch = 0);
  /// The next batch of the epoch, nothing after the last.
  std::optional<Batch> next();

  int64_t epoch() const { return epoch_; }
  int64_t batch() const { return batch_; }  // batches given in this epoch
  int64_t batches() const { return sampler_.batches(); }
  /// Samples over all sources.
  int64_t size() const;

 private:
  void start(TransformMaker transform, int64_t workers);

  std::shared_ptr<Recipe> recipe_;
  Sampler sampler_;
  at::Device device_;
  std::shared_ptr<const Plan> plan_;
  TransformMaker maker_;                     // without workers
  std::unique_ptr<Transform> transform_;     // made by it
  std::unique_ptr<BatchWorkers> workers_;
  int64_t epoch_ = -1, batch_ = 0;
};

}  // namespace moonlab::data
