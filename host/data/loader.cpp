#include "host/data/loader.hpp"

#include "host/error.hpp"

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

Loader::Loader(std::vector<Source> sources, SamplerOptions options, at::Device device)
    : sources_(std::move(sources)), sampler_(sizes_of(sources_), options), device_(device) {
  const auto shape = sources_[0].data.samples().images.sizes().slice(1);
  for (const auto& s : sources_) {
    const auto other = s.data.samples().images.sizes().slice(1);
    if (other != shape)
      fail("loader: images of '", sources_[0].data.name(), "' are ", shape, ", those of '", s.data.name(), "' ", other,
           ": one loader needs one shape");
    if (!s.targets.empty() && s.targets.size() != s.data.class_names().size())
      fail("loader: '", s.data.name(), "' has ", s.data.class_names().size(), " classes, but ", s.targets.size(),
           " targets");
    tables_.push_back(pixel_table(s.data.samples(), s.normalise));
  }
}

int64_t Loader::size() const {
  int64_t n = 0;
  for (const auto& s : sources_) n += s.data.size();
  return n;
}

void Loader::begin(int64_t epoch, int64_t batch) {
  if (epoch < 0) fail("loader: epochs count from 0, got ", epoch);
  if (batch < 0 || batch > batches()) fail("loader: batch ", batch, " is not in an epoch of ", batches(), " batches");
  plan_ = sampler_.plan(epoch);
  epoch_ = epoch;
  batch_ = batch;
}

std::optional<Batch> Loader::next() {
  if (epoch_ < 0) fail("loader: begin an epoch before asking for batches");
  if (batch_ >= static_cast<int64_t>(plan_.ends.size())) return std::nullopt;
  const int64_t from = batch_ == 0 ? 0 : plan_.ends[batch_ - 1], size = plan_.ends[batch_] - from;
  ++batch_;
  const at::Tensor& first = sources_[0].data.samples().images;
  const int64_t channels = first.size(1), pixels = first.size(2) * first.size(3);
  Batch batch{at::empty({size, channels, first.size(2), first.size(3)}, at::kFloat), at::empty({size}, at::kLong),
              at::empty({size}, at::kLong), at::empty({size}, at::kLong)};
  auto* x = batch.x.mutable_data_ptr<float>();
  auto* y = batch.y.mutable_data_ptr<int64_t>();
  auto* idx = batch.idx.mutable_data_ptr<int64_t>();
  auto* domain = batch.domain.mutable_data_ptr<int64_t>();
  for (int64_t b = 0; b < size; ++b) {
    domain[b] = plan_.domain[from + b];
    idx[b] = plan_.index[from + b];
    const Source& source = sources_[domain[b]];
    const int64_t label = source.data.labels().const_data_ptr<int64_t>()[idx[b]];
    y[b] = source.targets.empty() ? label : source.targets[label];
    const int64_t row = source.data.rows().const_data_ptr<int64_t>()[idx[b]];
    convert_image(source.data.samples().images.const_data_ptr<uint8_t>() + row * channels * pixels,
                  tables_[domain[b]].data(), channels, pixels, x + b * channels * pixels);
  }
  batch.targets = batch.y;
  if (device_.is_cpu()) return batch;
  // pinned, so that the copies overlap with what the device still computes
  auto move = [&](const at::Tensor& t) { return t.pin_memory().to(device_, /*non_blocking=*/true); };
  return Batch{move(batch.x), move(batch.y), move(batch.idx), move(batch.domain), batch.targets};
}

}  // namespace moonlab::data
