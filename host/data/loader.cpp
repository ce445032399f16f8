#include "host/data/loader.hpp"

#include "host/error.hpp"
#include "host/rng.hpp"

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

void check_sources(const std::vector<Source>& sources) {
  const auto shape = sources[0].data.samples().images.sizes().slice(1);
  for (const auto& s : sources) {
    const auto other = s.data.samples().images.sizes().slice(1);
    if (other != shape)
      fail("loader: images of '", sources[0].data.name(), "' are ", shape, ", those of '", s.data.name(), "' ", other,
           ": one loader needs one shape");
    if (!s.targets.empty() && s.targets.size() != s.data.class_names().size())
      fail("loader: '", s.data.name(), "' has ", s.data.class_names().size(), " classes, but ", s.targets.size(),
           " targets");
  }
}

int64_t target_of(const Source& source, int64_t index) {
  const int64_t label = source.data.labels().const_data_ptr<int64_t>()[index];
  return source.targets.empty() ? label : source.targets[label];
}

const uint8_t* pixels_of(const Source& source, int64_t index) {
  const at::Tensor& images = source.data.samples().images;
  return images.const_data_ptr<uint8_t>() +
         source.data.rows().const_data_ptr<int64_t>()[index] * images[0].numel();
}

int64_t first_of(const Plan& plan, int64_t number) { return number == 0 ? 0 : plan.ends[number - 1]; }

// y, idx and domain of a batch; x is still to come.
Batch labels_of(const std::vector<Source>& sources, const Plan& plan, int64_t number) {
  const int64_t from = first_of(plan, number), size = plan.ends[number] - from;
  Batch batch{{}, at::empty({size}, at::kLong), at::empty({size}, at::kLong), at::empty({size}, at::kLong), {}};
  auto* y = batch.y.mutable_data_ptr<int64_t>();
  auto* idx = batch.idx.mutable_data_ptr<int64_t>();
  auto* domain = batch.domain.mutable_data_ptr<int64_t>();
  for (int64_t b = 0; b < size; ++b) {
    domain[b] = plan.domain[from + b];
    idx[b] = plan.index[from + b];
    y[b] = target_of(sources[domain[b]], idx[b]);
  }
  batch.targets = batch.y;
  return batch;
}

// (x - mean) / deviation of each channel, as the table of pixels does it for images that no transform changed.
at::Tensor normalised(const at::Tensor& x, const Samples& samples) {
  const auto channels = static_cast<int64_t>(samples.mean.size());
  if (x.size(0) != channels)
    fail("gave ", x.size(0), " channels, but mean and deviation of '", samples.name, "' are of ", channels);
  auto column = [&](const std::vector<float>& of) { return at::tensor(of, at::kFloat).reshape({channels, 1, 1}); };
  return (x - column(samples.mean)) / column(samples.deviation);
}

}  // namespace

Loader::Loader(std::vector<Source> sources, SamplerOptions options, at::Device device)
    : recipe_(std::make_shared<Recipe>()), sampler_(sizes_of(sources), options), device_(device) {
  check_sources(sources);
  for (const auto& s : sources) recipe_->tables.push_back(pixel_table(s.data.samples(), s.normalise));
  recipe_->sources = std::move(sources);
}

void Loader::set_transform(TransformMaker transform, int64_t workers) {
  if (workers < 1) fail("loader: a transform needs 1 worker or more, got ", workers);
  for (size_t i = 0; i < recipe_->sources.size(); ++i)
    recipe_->tables[i] = pixel_table(recipe_->sources[i].data.samples(), false);
  workers_ = std::make_unique<BatchWorkers>(std::move(transform), workers);
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
      [recipe = recipe_, plan = plan_, epoch, seed = sampler_.options().seed](
          int64_t number, Transform& transform, const std::function<void()>& go_on) {
        return make_transformed(*recipe, *plan, number, epoch, seed, transform, go_on);
      },
      batch, static_cast<int64_t>(plan_->ends.size()));
}

Batch Loader::make(const Recipe& recipe, const Plan& plan, int64_t number) {
  Batch batch = labels_of(recipe.sources, plan, number);
  const auto shape = recipe.sources[0].data.samples().images.sizes();
  const int64_t size = batch.y.numel(), pixels = shape[2] * shape[3], from = first_of(plan, number);
  batch.x = at::empty({size, shape[1], shape[2], shape[3]}, at::kFloat);
  auto* x = batch.x.mutable_data_ptr<float>();
  for (int64_t b = 0; b < size; ++b) {
    const int64_t domain = plan.domain[from + b];
    convert_image(pixels_of(recipe.sources[domain], plan.index[from + b]), recipe.tables[domain].data(), shape[1], pixels,
                  x + b * shape[1] * pixels);
  }
  return batch;
}

Batch Loader::make_transformed(const Recipe& recipe, const Plan& plan, int64_t number, int64_t epoch, uint64_t seed,
                               Transform& transform, const std::function<void()>& go_on) {
  at::NoGradGuard no_grad;
  Batch batch = labels_of(recipe.sources, plan, number);
  const auto shape = recipe.sources[0].data.samples().images.sizes();
  const int64_t from = first_of(plan, number);
  std::vector<at::Tensor> images;
  for (int64_t at = from; at < plan.ends[number]; ++at) {
    go_on();
    const int64_t domain = plan.domain[at], index = plan.index[at];
    const Source& source = recipe.sources[domain];
    at::Tensor image = at::empty({shape[1], shape[2], shape[3]}, at::kFloat);
    convert_image(pixels_of(source, index), recipe.tables[domain].data(), shape[1], shape[2] * shape[3],
                  image.mutable_data_ptr<float>());
    const uint64_t of_sample = derive_seed(derive_seed(seed, "transform", index), "domain", domain);
    const Drawn drawn{domain, index, target_of(source, index), epoch,
                      derive_seed(derive_seed(of_sample, "epoch", epoch), "repeat", plan.repeat(at))};
    try {
      at::Tensor made = transform.apply(image, drawn);
      if (made.dim() != 3 || !made.is_floating_point())
        fail("gave ", made.scalar_type(), " ", made.sizes(), "; an image is floating and [channels, height, width]");
      made = made.to(at::kCPU, at::kFloat);
      if (source.normalise && !source.data.samples().mean.empty()) made = normalised(made, source.data.samples());
      if (!images.empty() && made.sizes() != images[0].sizes())
        fail("gave ", made.sizes(), ", and ", images[0].sizes(), " for another sample of the batch");
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

std::optional<Batch> Loader::next() {
  if (epoch_ < 0) fail("loader: begin an epoch before asking for batches");
  if (batch_ >= static_cast<int64_t>(plan_->ends.size())) return std::nullopt;
  Batch batch = workers_ ? workers_->next() : make(*recipe_, *plan_, batch_);
  ++batch_;
  if (device_.is_cpu()) return batch;
  // pinned, so that the copies overlap with what the device still computes
  auto move = [&](const at::Tensor& t) { return t.pin_memory().to(device_, /*non_blocking=*/true); };
  return Batch{move(batch.x), move(batch.y), move(batch.idx), move(batch.domain), batch.targets};
}

}  // namespace moonlab::data
