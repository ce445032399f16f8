// What the batches of a loader are made from. Nothing of it changes once batches are made: threads share it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "host/data/batch.hpp"
#include "host/data/mixing.hpp"
#include "host/data/sampler.hpp"
#include "host/data/source.hpp"
#include "host/data/transform.hpp"

namespace moonlab::data {

struct Recipe {
  std::vector<Source> sources;
  std::vector<std::vector<float>> tables;                   // of a source of images: [C][256], value of a pixel
  std::vector<std::shared_ptr<const text::Tokens>> tokens;  // of a source of texts
  int32_t pad = 0;
  int64_t several = 0;    // labels a sample at most, where there may be several; else 0
  int64_t classes = 0;    // width of t
  bool weighted = false;  // some source's samples weigh other than 1
  bool streamed = false;  // some source's pictures are decoded for each batch
  std::optional<Mixing> mixing{};
};

/// Checks that the sources fit together. Errors: see Loader.
Recipe make_recipe(std::vector<Source> sources, const TextInput& input, int64_t classes, bool transformed);

/// Errors where the sources are no images, for what takes only those ("a transform takes images").
void require_images(const Recipe& recipe, const char* what);

/// Which batch, and what its random numbers start from.
struct Order {
  const Plan& plan;
  int64_t number, epoch;
  uint64_t seed;

  int64_t first() const { return number == 0 ? 0 : plan.ends[number - 1]; }
  int64_t size() const { return plan.ends[number] - first(); }
};

/// A batch of this order, on the CPU. Images go through `transform` where there is one; `go_on` is called between
/// samples and throws where nobody wants the batch any more. Errors: what the transform threw, with dataset and sample;
/// a picture that cannot be decoded; images of several shapes.
Batch make_batch(const Recipe& recipe, const Order& order, Transform* transform, const std::function<void()>& go_on);

/// The value of each of the 256 pixels in each channel: (pixel / 255 - mean) / deviation, or pixel / 255 alone.
std::vector<float> pixel_table(const Samples& samples, bool normalise);

/// y, t, w, idx and domain of a batch; x is still to come.
Batch make_labels(const Recipe& recipe, const Order& order);
/// What a source makes of a label.
int64_t target_of(const Source& source, int64_t label);
/// The label of a sample, the first of several.
int64_t label_of(const Source& source, int64_t index);

}  // namespace moonlab::data
