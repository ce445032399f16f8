#include "host/data/loader.hpp"

#include <ATen/ATen.h>

#include "host/data/picture.hpp"
#include "host/error.hpp"
#include "host/interrupt.hpp"

namespace moonlab::data {

namespace {

std::vector<int64_t> sizes_of(const std::vector<Source>& sources) {
  std::vector<int64_t> sizes;
  for (const auto& s : sources) {
    if (s.data.size() == 0) fail("loader: dataset '", s.data.name(), "' holds no samples");
    sizes.push_back(s.data.size());
  }
  return sizes;
}

// pinned, so that the copy overlaps with what the device still computes
void move(at::Tensor& t, at::Device device) {
  if (t.defined()) t = t.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace

at::Tensor load_images(const Dataset& data, bool normalise) {
  const Samples& samples = data.samples();
  if (samples.is_text()) fail("'", data.name(), "' holds texts: there are no images to load");
  if (samples.is_vector()) return samples.vectors.index_select(0, data.rows()).reshape({data.size(), -1, 1, 1});
  const auto table = pixel_table(samples, normalise);
  const auto shape = samples.shape();
  at::Tensor x = at::empty({data.size(), shape[0], shape[1], shape[2]}, at::kFloat);
  const auto* row = data.rows().const_data_ptr<int64_t>();
  auto* to = x.mutable_data_ptr<float>();
  Picture picture;
  for (int64_t b = 0; b < data.size(); ++b, to += shape[0] * shape[1] * shape[2]) {
    if (samples.files) poll_interrupt();
    picture.open(samples, row[b]);
    picture.render(table.data(), to);
  }
  return x;
}

Loader::Loader(std::vector<Source> sources, SamplerOptions options, at::Device device, TextInput input, int64_t classes,
               bool transformed)
    : sampler_(sizes_of(sources), std::move(options)), device_(device) {
  recipe_ = std::make_shared<Recipe>(make_recipe(std::move(sources), input, classes, transformed));
}

void Loader::start(TransformMaker transform, int64_t workers) {
  if (workers < 0) fail("loader: 0 workers or more, got ", workers);
  workers_.reset();
  transform_.reset();
  maker_ = {};
  if (workers > 0) workers_ = std::make_unique<BatchWorkers>(std::move(transform), workers);
  else maker_ = std::move(transform);
}

void Loader::set_transform(TransformMaker transform, int64_t workers) {
  require_images(*recipe_, "a transform takes images");
  start(std::move(transform), workers);
}

void Loader::set_workers(int64_t workers) {
  start([]() -> std::unique_ptr<Transform> { return nullptr; }, workers);
}

void Loader::set_mixing(const Mixing& mixing) {
  require_images(*recipe_, "pictures can be mixed");
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
      [recipe = recipe_, plan = plan_, epoch, seed = sampler_.options().seed](
          int64_t number, Transform* transform, const std::function<void()>& go_on) {
        return make_batch(*recipe, {*plan, number, epoch, seed}, transform, go_on);
      },
      batch, static_cast<int64_t>(plan_->ends.size()));
}

std::optional<Batch> Loader::next() {
  if (epoch_ < 0) fail("loader: begin an epoch before asking for batches");
  if (batch_ >= static_cast<int64_t>(plan_->ends.size())) return std::nullopt;
  if (maker_ && !transform_) transform_ = maker_();
  Batch batch = workers_ ? workers_->next()
                         : make_batch(*recipe_, {*plan_, batch_, epoch_, sampler_.options().seed}, transform_.get(),
                                      recipe_->streamed || transform_ ? poll_interrupt : [] {});
  ++batch_;
  if (device_.is_cpu()) return batch;
  for (at::Tensor* t : {&batch.x, &batch.y, &batch.idx, &batch.domain, &batch.mask, &batch.t, &batch.w})
    move(*t, device_);
  if (batch.mix)
    for (at::Tensor* t : {&batch.mix->permutation, &batch.mix->mask}) move(*t, device_);
  return batch;
}

}  // namespace moonlab::data
