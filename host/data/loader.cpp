#include "host/data/loader.hpp"

#include <algorithm>

#include "host/error.hpp"
#include "host/rng.hpp"
#include "host/text/batch.hpp"

namespace moonlab::data {

namespace {

// The value of each of the 256 pixels in each channel: (pixel / 255 - mean) / deviation.
std::vector<float> pixel_table(const Samples& samples, bool normalise) {
  const int64_t channels = samples.images.size(1);
  const bool scaled = normalise && !samples.mean.empty();
  std::vector<float> table(channels * 256);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < 256; ++v) {
      const double unit = static_cast<double>(v) / 255.0;
      table[c * 256 + v] = static_cast<float>(scaled ? (unit - samples.mean[c]) / samples.deviation[c] : unit);
    }
  return table;
}

void convert_image(const uint8_t* from, const float* table, int64_t channels, int64_t pixels, float* to) {
  for (int64_t c = 0; c < channels; ++c, table += 256)
    for (int64_t i = 0; i < pixels; ++i) *to++ = table[*from++];
}

std::vector<int64_t> sizes_of(const std::vector<Source>& sources) {
  std::vector<int64_t> sizes;
  for (const auto& s : sources) {
    if (s.data.size() == 0) fail("loader: dataset '", s.data.name(), "' holds no samples");
    sizes.push_back(s.data.size());
  }
  return sizes;
}

}  // namespace

at::Tensor load_images(const Dataset& data, bool normalise) {
  if (data.samples().is_text()) fail("'", data.name(), "' holds texts: there are no images to load");
  const at::Tensor& images = data.samples().images;
  const int64_t channels = images.size(1), pixels = images.size(2) * images.size(3);
  const auto table = pixel_table(data.samples(), normalise);
  at::Tensor x = at::empty({data.size(), channels, images.size(2), images.size(3)}, at::kFloat);
  const auto* from = images.const_data_ptr<uint8_t>();
  const auto* row = data.rows().const_data_ptr<int64_t>();
  auto* to = x.mutable_data_ptr<float>();
  for (int64_t b = 0; b < data.size(); ++b)
    convert_image(from + row[b] * channels * pixels, table.data(), channels, pixels, to + b * channels * pixels);
  return x;
}

namespace {

void check_sources(const std::vector<Source>& sources, const TextInput& input, bool transformed) {
  const Samples& first = sources[0].data.samples();
  for (const auto& s : sources) {
    const Samples& samples = s.data.samples();
    if (!s.targets.empty() && s.targets.size() != s.data.class_names().size())
      fail("loader: '", s.data.name(), "' has ", s.data.class_names().size(), " classes, but ", s.targets.size(),
           " targets");
    if (!(s.weight > 0)) fail("loader: '", s.data.name(), "': weight must be above 0, got ", s.weight);
    if (samples.is_text() != first.is_text())
      fail("loader: '", sources[0].data.name(), "' holds ", first.things(), ", '", s.data.name(), "' ",
           samples.things());
    if (s.features.defined() != sources[0].features.defined() ||
        (s.features.defined() && s.features.size(0) != s.data.size()))
      fail("loader: features must be given for every source, a row for each sample");
    if (s.features.defined()) continue;
    if (samples.is_text()) {
      if (!input.tokenizer) fail("loader: '", s.data.name(), "' holds texts: give a tokenizer");
      continue;
    }
    const auto shape = first.images.sizes().slice(1), other = samples.images.sizes().slice(1);
    if (other != shape && !transformed)
      fail("loader: images of '", sources[0].data.name(), "' are ", shape, ", those of '", s.data.name(), "' ", other,
           ": one loader needs one shape");
  }
}

int64_t target_of(const Source& source, int64_t label) {
  return source.targets.empty() ? label : source.targets[label];
}

// The label of a sample, the first of several.
int64_t label_of(const Source& source, int64_t index) {
  const at::Tensor& labels = source.data.labels();
  return labels.const_data_ptr<int64_t>()[index * (source.data.several() ? labels.size(1) : 1)];
}

const uint8_t* pixels_of(const Source& source, int64_t index) {
  const at::Tensor& images = source.data.samples().images;
  return images.const_data_ptr<uint8_t>() + source.data.rows().const_data_ptr<int64_t>()[index] * images[0].numel();
}

int64_t first_of(const Plan& plan, int64_t number) { return number == 0 ? 0 : plan.ends[number - 1]; }

// (x - mean) / deviation of each channel, as the table of pixels does it for images that no transform changed.
at::Tensor normalised(const at::Tensor& x, const Samples& samples) {
  const auto channels = static_cast<int64_t>(samples.mean.size());
  if (x.size(0) != channels)
    fail("gave ", x.size(0), " channels, but mean and deviation of '", samples.name, "' are of ", channels);
  auto column = [&](const std::vector<float>& of) { return at::tensor(of, at::kFloat).reshape({channels, 1, 1}); };
  return (x - column(samples.mean)) / column(samples.deviation);
}

}  // namespace

Loader::Loader(std::vector<Source> sources, SamplerOptions options, at::Device device, TextInput input, int64_t classes,
               bool transformed)
    : recipe_(std::make_shared<Recipe>()), sampler_(sizes_of(sources), std::move(options)), device_(device) {
  check_sources(sources, input, transformed);
  for (const auto& s : sources) {
    const Samples& samples = s.data.samples();
    recipe_->weighted |= s.weight != 1;
    if (s.features.defined()) {
    } else if (samples.is_text()) {
      recipe_->tokens.push_back(samples.tokens.get(samples.texts, *input.tokenizer, input.max_length));
      recipe_->pad = input.tokenizer->pad();
    } else {
      recipe_->tables.push_back(pixel_table(samples, s.normalise));
    }
    if (s.data.several()) recipe_->several = std::max(recipe_->several, s.data.labels().size(1));
    const auto own = s.targets.empty() ? static_cast<int64_t>(s.data.class_names().size())
                                       : *std::max_element(s.targets.begin(), s.targets.end()) + 1;
    if (classes > 0 && own > classes)
      fail("loader: '", s.data.name(), "' has target ", own - 1, ", but classes = ", classes);
    recipe_->classes = std::max(own, std::max(classes, recipe_->classes));
  }
  recipe_->sources = std::move(sources);
}

void Loader::set_transform(TransformMaker transform, int64_t workers) {
  if (workers < 1) fail("loader: a transform needs 1 worker or more, got ", workers);
  const Source& first = recipe_->sources[0];
  if (first.features.defined() || first.data.samples().is_text())
    fail("loader: a transform takes images; '", first.data.name(), "' gives ",
         first.features.defined() ? "features" : first.data.samples().things());
  for (size_t i = 0; i < recipe_->sources.size(); ++i)
    recipe_->tables[i] = pixel_table(recipe_->sources[i].data.samples(), false);
  workers_ = std::make_unique<BatchWorkers>(std::move(transform), workers);
}

void Loader::set_mixing(const Mixing& mixing) {
  const Source& first = recipe_->sources[0];
  if (first.features.defined() || first.data.samples().is_text())
    fail("loader: pictures can be mixed; '", first.data.name(), "' gives ",
         first.features.defined() ? "features" : first.data.samples().things());
  for (const auto& s : recipe_->sources)
    if (s.data.several())
      fail("loader: '", s.data.name(), "' has samples of several labels each: they cannot be mixed");
  recipe_->mixing = mixing;
}

int64_t Loader::size() const {
  int64_t n = 0;
  for (const auto& s : recipe_->sources) n += s.data.size();
  return n;
}

void Loader::begin(int64_t epoch, int64_t batch) {
  if (epoch < 0) fail("loader: epochs count from 0, got ", epoch);
  if (batch < 0 || batch > batches()) fail("loader: batch ", batch, " is not in an epoch of ", batches(), " batches");
  plan_ = std::make_shared<const Plan>(sampler_.plan(epoch));
  epoch_ = epoch;
  batch_ = batch;
  if (!workers_) return;
  workers_->begin(
      [recipe = recipe_, plan = plan_, epoch, seed = sampler_.options().seed](int64_t number, Transform& transform,
                                                                              const std::function<void()>& go_on) {
        Batch batch = make_transformed(*recipe, *plan, number, epoch, seed, transform, go_on);
        mix(batch, *recipe, number, epoch, seed);
        return batch;
      },
      batch, static_cast<int64_t>(plan_->ends.size()));
}

// y, t, idx and domain of a batch; x is still to come.
Batch Loader::labels_of(const Recipe& recipe, const Plan& plan, int64_t number) {
  const int64_t from = first_of(plan, number), size = plan.ends[number] - from;
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

Batch Loader::make(const Recipe& recipe, const Plan& plan, int64_t number) {
  Batch batch = labels_of(recipe, plan, number);
  const Source& first = recipe.sources[0];
  if (first.features.defined()) put_features(batch, recipe, plan, number);
  else if (first.data.samples().is_text()) put_texts(batch, recipe, plan, number);
  else put_images(batch, recipe, plan, number);
  return batch;
}

void Loader::put_images(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number) {
  const auto shape = recipe.sources[0].data.samples().images.sizes();
  const int64_t size = batch.idx.numel(), pixels = shape[2] * shape[3], from = first_of(plan, number);
  batch.x = at::empty({size, shape[1], shape[2], shape[3]}, at::kFloat);
  auto* x = batch.x.mutable_data_ptr<float>();
  for (int64_t b = 0; b < size; ++b) {
    const int64_t domain = plan.domain[from + b];
    convert_image(pixels_of(recipe.sources[domain], plan.index[from + b]), recipe.tables[domain].data(), shape[1],
                  pixels, x + b * shape[1] * pixels);
  }
}

void Loader::put_texts(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number) {
  const int64_t size = batch.idx.numel(), from = first_of(plan, number);
  std::vector<std::pair<const int32_t*, int64_t>> rows(size);
  for (int64_t b = 0; b < size; ++b) {
    const int64_t domain = plan.domain[from + b];
    const int64_t row = recipe.sources[domain].data.rows().const_data_ptr<int64_t>()[plan.index[from + b]];
    const text::Tokens& tokens = *recipe.tokens[domain];
    const int64_t* ends = tokens.offsets.const_data_ptr<int64_t>() + row;
    rows[b] = {tokens.ids.const_data_ptr<int32_t>() + ends[0], ends[1] - ends[0]};
  }
  auto [x, mask] = text::pad_batch(rows, recipe.pad);
  batch.x = x;
  batch.mask = mask;
}

void Loader::put_features(Batch& batch, const Recipe& recipe, const Plan& plan, int64_t number) {
  if (recipe.sources.size() == 1) {
    batch.x = recipe.sources[0].features.index_select(0, batch.idx);
    return;
  }
  const int64_t size = batch.idx.numel(), from = first_of(plan, number);
  std::vector<at::Tensor> rows;
  for (int64_t b = 0; b < size; ++b)
    rows.push_back(recipe.sources[plan.domain[from + b]].features.select(0, plan.index[from + b]));
  batch.x = at::stack(rows);
}

Batch Loader::make_transformed(const Recipe& recipe, const Plan& plan, int64_t number, int64_t epoch, uint64_t seed,
                               Transform& transform, const std::function<void()>& go_on) {
  at::NoGradGuard no_grad;
  Batch batch = labels_of(recipe, plan, number);
  std::vector<at::Tensor> images;
  for (int64_t at = first_of(plan, number); at < plan.ends[number]; ++at) {
    go_on();
    const int64_t domain = plan.domain[at], index = plan.index[at];
    const Source& source = recipe.sources[domain];
    const auto shape = source.data.samples().images.sizes();
    at::Tensor image = at::empty({shape[1], shape[2], shape[3]}, at::kFloat);
    convert_image(pixels_of(source, index), recipe.tables[domain].data(), shape[1], shape[2] * shape[3],
                  image.mutable_data_ptr<float>());
    const uint64_t of_sample = derive_seed(derive_seed(seed, "transform", index), "domain", domain);
    const Drawn drawn{domain, index, target_of(source, label_of(source, index)), epoch,
                      derive_seed(derive_seed(of_sample, "epoch", epoch), "repeat", plan.repeat(at))};
    try {
      at::Tensor made = transform.apply(image, drawn);
      if (made.dim() != 3 || !made.is_floating_point())
        fail("gave ", made.scalar_type(), " ", made.sizes(), "; an image is floating and [channels, height, width]");
      made = made.to(at::kCPU, at::kFloat);
      if (source.normalise && !source.data.samples().mean.empty()) made = normalised(made, source.data.samples());
      if (!images.empty() && made.sizes() != images[0].sizes())
        fail("gave ", made.sizes(), ", and ", images[0].sizes(), " for another sample of the batch",
             plan.domain[first_of(plan, number)] == domain
                 ? ""
                 : ", of '" + recipe.sources[plan.domain[first_of(plan, number)]].data.name() + "'");
      images.push_back(std::move(made));
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& e) {
      fail("transform of '", source.data.name(), "', sample ", index, ": ", e.what());
    }
  }
  batch.x = at::stack(images);
  return batch;
}

void Loader::mix(Batch& batch, const Recipe& recipe, int64_t number, int64_t epoch, uint64_t seed) {
  if (recipe.mixing)
    recipe.mixing->apply(batch, recipe.classes, derive_seed(derive_seed(seed, "mixing", epoch), "batch", number));
}

std::optional<Batch> Loader::next() {
  if (epoch_ < 0) fail("loader: begin an epoch before asking for batches");
  if (batch_ >= static_cast<int64_t>(plan_->ends.size())) return std::nullopt;
  Batch batch = workers_ ? workers_->next() : make(*recipe_, *plan_, batch_);
  if (!workers_) mix(batch, *recipe_, batch_, epoch_, sampler_.options().seed);
  ++batch_;
  if (device_.is_cpu()) return batch;
  // pinned, so that the copies overlap with what the device still computes
  for (at::Tensor* t : {&batch.x, &batch.y, &batch.idx, &batch.domain, &batch.mask, &batch.t, &batch.w})
    if (t->defined()) *t = t->pin_memory().to(device_, /*non_blocking=*/true);
  if (batch.mix)
    for (at::Tensor* t : {&batch.mix->permutation, &batch.mix->mask})
      if (t->defined()) *t = t->pin_memory().to(device_, /*non_blocking=*/true);
  return batch;
}

}  // namespace moonlab::data
