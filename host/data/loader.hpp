// Batches for training and evaluation, made from images or texts in memory.
#pragma once

#include <memory>
#include <optional>

#include "host/data/batch_workers.hpp"
#include "host/data/dataset.hpp"
#include "host/data/mixing.hpp"
#include "host/data/sampler.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::data {

/// A dataset as a loader reads it.
struct Source {
  Dataset data;
  std::vector<int64_t> targets{};  // of each class: y; empty: the class's own number
  bool normalise = true;         // otherwise pixels are scaled to [0, 1] alone
  at::Tensor features{};         // float [n, F]: given in place of the samples, computed beforehand; else undefined
  double weight = 1;             // of the loss of its samples
};

/// How texts become numbers: every source's texts go through one tokenizer, once.
struct TextInput {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  int64_t max_length = 128;  // most tokens of a text
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
  /// `classes`: width of t, where samples have several labels; 0: the sources' own number of them.
  /// `transformed`: a transform follows (set_transform), which may give images of several shapes one shape.
  /// Errors: sources whose images differ in shape, images and texts together, texts without a tokenizer, a target list
  /// of another length than the classes, a weight that is not above 0.
  Loader(std::vector<Source> sources, SamplerOptions options, at::Device device = at::kCPU, TextInput input = {},
         int64_t classes = 0, bool transformed = false);

  /// Every image goes through a transform of one of `workers` threads, before it is normalised. Errors of next(): what
  /// the transform threw, with dataset and sample; images of several shapes in a batch.
  void set_transform(TransformMaker transform, int64_t workers);

  /// The pictures of a batch are mixed, and their labels become t; drawn from seed, epoch and the batch's number.
  /// Errors: texts, features, samples of several labels.
  void set_mixing(const Mixing& mixing);

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
    std::vector<std::vector<float>> tables;                   // of a source: [C][256], value of a pixel
    std::vector<std::shared_ptr<const text::Tokens>> tokens;  // of a source of texts
    int32_t pad = 0;
    int64_t several = 0;  // labels a sample at most, where there may be several; else 0
    int64_t classes = 0;  // width of t
    bool weighted = false;  // some source's samples weigh other than 1
    std::optional<Mixing> mixing{};
  };
  static Batch labels_of(const Recipe& recipe, const Plan& plan, int64_t number);
  static void put_images(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number);
  static void put_texts(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number);
  static void put_features(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number);
  static Batch make(const Recipe& recipe, const Plan& plan, int64_t number);
  static Batch make_transformed(const Recipe& recipe, const Plan& plan, int64_t number, int64_t epoch, uint64_t seed,
                                Transform& transform, const std::function<void()>& go_on);

  static void mix(Batch& batch, const Recipe& recipe, int64_t number, int64_t epoch, uint64_t seed);

  std::shared_ptr<Recipe> recipe_;
  Sampler sampler_;
  at::Device device_;
  std::shared_ptr<const Plan> plan_;
  std::unique_ptr<BatchWorkers> workers_;
  int64_t epoch_ = -1, batch_ = 0;
};

}  // namespace moonlab::data
