// x of a batch: pictures, tokens or features.
#include <ATen/ATen.h>

#include <algorithm>

#include "host/data/picture.hpp"
#include "host/data/recipe.hpp"
#include "host/error.hpp"
#include "host/rng.hpp"
#include "host/text/batch.hpp"

namespace moonlab::data {

namespace {

void put_texts(Batch& batch, const Recipe& recipe, const Order& order) {
  const Plan& plan = order.plan;
  const int64_t size = order.size(), from = order.first();
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

void put_features(Batch& batch, const Recipe& recipe, const Order& order) {
  if (recipe.sources.size() == 1) {
    batch.x = recipe.sources[0].features.index_select(0, batch.idx);
    return;
  }
  std::vector<at::Tensor> rows;
  for (int64_t at = order.first(); at < order.plan.ends[order.number]; ++at)
    rows.push_back(recipe.sources[order.plan.domain[at]].features.select(0, order.plan.index[at]));
  batch.x = at::stack(rows);
}

void put_vectors(Batch& batch, const Recipe& recipe, const Order& order) {
  const int64_t size = order.size(), from = order.first();
  const int64_t width = recipe.sources[0].data.samples().vectors.size(1);
  batch.x = at::empty({size, width, 1, 1}, at::kFloat);
  auto* to = batch.x.mutable_data_ptr<float>();
  for (int64_t b = 0; b < size; ++b, to += width) {
    const Dataset& data = recipe.sources[order.plan.domain[from + b]].data;
    const int64_t row = data.rows().const_data_ptr<int64_t>()[order.plan.index[from + b]];
    std::copy_n(data.samples().vectors.const_data_ptr<float>() + row * width, width, to);
  }
}

// (x - mean) / deviation of each channel, as the table of pixels does it for bytes.
at::Tensor normalised(const at::Tensor& x, const Samples& samples) {
  const auto channels = static_cast<int64_t>(samples.mean.size());
  if (x.size(0) != channels)
    fail("gave ", x.size(0), " channels, but mean and deviation of '", samples.name, "' are of ", channels);
  auto column = [&](const std::vector<float>& of) { return at::tensor(of, at::kFloat).reshape({channels, 1, 1}); };
  return (x - column(samples.mean)) / column(samples.deviation);
}

// The pictures of one batch, each written into its place.
class Pictures {
 public:
  Pictures(Batch& batch, const Recipe& recipe, const Order& order) : batch_(batch), recipe_(recipe), order_(order) {}

  void put(int64_t at, Transform* transform) {
    const int64_t domain = order_.plan.domain[at], index = order_.plan.index[at];
    const Source& source = recipe_.sources[domain];
    static thread_local Picture picture;
    try {
      picture.open(source.data.samples(), source.data.rows().const_data_ptr<int64_t>()[index]);
    } catch (const std::exception& e) {
      fail("'", source.data.name(), "', sample ", index, ": ", e.what());
    }
    at::Tensor made;
    if (transform) try {
        made = changed(picture, *transform, at, source);
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& e) {
        fail("transform of '", source.data.name(), "', sample ", index, ": ", e.what());
      }
    if (made.defined()) {
      float* to = place(at, made.sizes().vec());
      std::copy_n(made.contiguous().const_data_ptr<float>(), made.numel(), to);
    } else {
      const Window& w = picture.window;
      picture.render(recipe_.tables[domain].data(), place(at, {picture.channels(), w.to_height, w.to_width}));
    }
  }

 private:
  // What the transform gives, normalised; undefined where it chose a window alone.
  at::Tensor changed(Picture& picture, Transform& transform, int64_t at, const Source& source) {
    const int64_t domain = order_.plan.domain[at], index = order_.plan.index[at];
    const uint64_t of_sample = derive_seed(derive_seed(order_.seed, "transform", index), "domain", domain);
    const Drawn drawn{domain, index, target_of(source, label_of(source, index)), order_.epoch,
                      derive_seed(derive_seed(of_sample, "epoch", order_.epoch), "repeat", order_.plan.repeat(at))};
    at::Tensor made = transform.apply(picture, drawn);
    if (!made.defined()) return made;
    if (made.dim() != 3 || !made.is_floating_point())
      fail("gave ", made.scalar_type(), " ", made.sizes(), "; an image is floating and [channels, height, width]");
    made = made.to(at::kCPU, at::kFloat);
    const Samples& samples = source.data.samples();
    return source.normalise && !samples.mean.empty() ? normalised(made, samples) : made;
  }

  float* place(int64_t at, const std::vector<int64_t>& shape) {
    if (!batch_.x.defined()) {
      std::vector<int64_t> all{order_.size()};
      all.insert(all.end(), shape.begin(), shape.end());
      batch_.x = at::empty(all, at::kFloat);
    }
    if (batch_.x.sizes().slice(1) != at::IntArrayRef(shape)) {
      const int64_t first = order_.plan.domain[order_.first()], domain = order_.plan.domain[at];
      const std::string& name = recipe_.sources[domain].data.name();
      fail("transform of '", name, "', sample ", order_.plan.index[at], ": gave ", at::IntArrayRef(shape), ", and ",
           batch_.x.sizes().slice(1), " for another sample of the batch",
           first == domain ? "" : ", of '" + recipe_.sources[first].data.name() + "'");
    }
    return batch_.x.mutable_data_ptr<float>() + (at - order_.first()) * (batch_.x.numel() / order_.size());
  }

  Batch& batch_;
  const Recipe& recipe_;
  const Order& order_;
};

}  // namespace

Batch make_batch(const Recipe& recipe, const Order& order, Transform* transform, const std::function<void()>& go_on) {
  at::NoGradGuard no_grad;
  Batch batch = make_labels(recipe, order);
  const Source& first = recipe.sources[0];
  if (first.features.defined()) {
    put_features(batch, recipe, order);
  } else if (first.data.samples().is_text()) {
    put_texts(batch, recipe, order);
  } else if (first.data.samples().is_vector()) {
    put_vectors(batch, recipe, order);
  } else {
    Pictures pictures(batch, recipe, order);
    for (int64_t at = order.first(); at < order.plan.ends[order.number]; ++at) {
      go_on();
      pictures.put(at, transform);
    }
  }
  if (recipe.mixing)
    recipe.mixing->apply(batch, recipe.classes,
                         derive_seed(derive_seed(order.seed, "mixing", order.epoch), "batch", order.number));
  return batch;
}

}  // namespace moonlab::data
