#include "host/data/recipe.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::data {

namespace {

void check_source(const Source& s, const Source& first, const TextInput& input, bool transformed) {
  const Samples &samples = s.data.samples(), &others = first.data.samples();
  const std::string &name = s.data.name(), &first_name = first.data.name();
  if (!s.targets.empty() && s.targets.size() != s.data.class_names().size())
    fail("loader: '", name, "' has ", s.data.class_names().size(), " classes, but ", s.targets.size(), " targets");
  if (!(s.weight > 0)) fail("loader: '", name, "': weight must be above 0, got ", s.weight);
  if (samples.is_text() != others.is_text() || samples.is_vector() != others.is_vector())
    fail("loader: '", first_name, "' holds ", others.things(), ", '", name, "' ", samples.things());
  if (s.features.defined() != first.features.defined() ||
      (s.features.defined() && s.features.size(0) != s.data.size()))
    fail("loader: features must be given for every source, a row for each sample");
  if (s.features.defined()) return;
  if (samples.is_text()) {
    if (!input.tokenizer) fail("loader: '", name, "' holds texts: give a tokenizer");
    return;
  }
  const auto shape = others.shape(), other = samples.shape();
  if (other != shape && !transformed)
    fail("loader: images of '", first_name, "' are ", at::IntArrayRef(shape), ", those of '", name, "' ",
         at::IntArrayRef(other), ": one loader needs one shape");
}

}  // namespace

std::vector<float> pixel_table(const Samples& samples, bool normalise) {
  const int64_t channels = samples.shape()[0];
  const bool scaled = normalise && !samples.mean.empty();
  std::vector<float> table(channels * 256);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < 256; ++v) {
      const double unit = static_cast<double>(v) / 255.0;
      table[c * 256 + v] = static_cast<float>(scaled ? (unit - samples.mean[c]) / samples.deviation[c] : unit);
    }
  return table;
}

Recipe make_recipe(std::vector<Source> sources, const TextInput& input, int64_t classes, bool transformed) {
  Recipe recipe;
  for (const auto& s : sources) {
    check_source(s, sources[0], input, transformed);
    const Samples& samples = s.data.samples();
    recipe.weighted |= s.weight != 1;
    if (s.features.defined()) {
    } else if (samples.is_text()) {
      recipe.tokens.push_back(samples.tokens.get(samples.texts, *input.tokenizer, input.max_length));
      recipe.pad = input.tokenizer->pad();
    } else if (!samples.is_vector()) {
      recipe.tables.push_back(pixel_table(samples, s.normalise));
      recipe.streamed |= samples.files != nullptr;
    }
    if (s.data.several()) recipe.several = std::max(recipe.several, s.data.labels().size(1));
    const auto own = s.targets.empty() ? static_cast<int64_t>(s.data.class_names().size())
                                       : *std::max_element(s.targets.begin(), s.targets.end()) + 1;
    if (classes > 0 && own > classes)
      fail("loader: '", s.data.name(), "' has target ", own - 1, ", but classes = ", classes);
    recipe.classes = std::max(own, std::max(classes, recipe.classes));
  }
  recipe.sources = std::move(sources);
  return recipe;
}

void require_images(const Recipe& recipe, const char* what) {
  const Source& first = recipe.sources[0];
  const Samples& samples = first.data.samples();
  if (first.features.defined() || samples.is_text() || samples.is_vector())
    fail("loader: ", what, "; '", first.data.name(), "' gives ",
         first.features.defined() ? "features" : samples.things());
}

int64_t target_of(const Source& source, int64_t label) {
  return source.targets.empty() ? label : source.targets[label];
}

int64_t label_of(const Source& source, int64_t index) {
  const at::Tensor& labels = source.data.labels();
  return labels.const_data_ptr<int64_t>()[index * (source.data.several() ? labels.size(1) : 1)];
}

Batch make_labels(const Recipe& recipe, const Order& order) {
  const Plan& plan = order.plan;
  const int64_t from = order.first(), size = order.size();
  Batch batch;
  batch.y = recipe.several ? at::full({size, recipe.several}, -1, at::kLong) : at::empty({size}, at::kLong);
  batch.idx = at::empty({size}, at::kLong);
  if (recipe.weighted) batch.w = at::empty({size}, at::kFloat);
  batch.domain = at::empty({size}, at::kLong);
  auto* y = batch.y.mutable_data_ptr<int64_t>();
  auto* idx = batch.idx.mutable_data_ptr<int64_t>();
  auto* domain = batch.domain.mutable_data_ptr<int64_t>();
  float* t = nullptr;
  if (recipe.several) {
    batch.t = at::zeros({size, recipe.classes}, at::kFloat);
    t = batch.t.mutable_data_ptr<float>();
  }
  for (int64_t b = 0; b < size; ++b) {
    domain[b] = plan.domain[from + b];
    idx[b] = plan.index[from + b];
    const Source& source = recipe.sources[domain[b]];
    if (recipe.weighted) batch.w.mutable_data_ptr<float>()[b] = static_cast<float>(source.weight);
    if (!recipe.several) {
      y[b] = target_of(source, label_of(source, idx[b]));
      continue;
    }
    const at::Tensor& labels = source.data.labels();
    const int64_t width = source.data.several() ? labels.size(1) : 1;
    const int64_t* label = labels.const_data_ptr<int64_t>() + idx[b] * width;
    for (int64_t k = 0; k < width && label[k] >= 0; ++k) {
      const int64_t target = target_of(source, label[k]);
      y[b * recipe.several + k] = target;
      t[b * recipe.classes + target] = 1;
    }
  }
  batch.targets = batch.y;
  batch.weights = batch.w;
  return batch;
}

}  // namespace moonlab::data
