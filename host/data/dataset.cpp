#include "host/data/dataset.hpp"

#include <algorithm>
#include <sstream>

#include "host/error.hpp"
#include "host/hash.hpp"

namespace moonlab::data {

namespace {

void hash_tensor(Sha256& hash, const at::Tensor& t) {
  at::Tensor c = t.contiguous();
  hash.update(c.sizes().data(), c.sizes().size() * sizeof(int64_t));
  hash.update(c.data_ptr(), c.nbytes());
}

int64_t class_index(const std::string& name, const std::vector<std::string>& names, const std::string& dataset) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail(dataset, ": no class '", name, "'", did_you_mean(name, names));
  return found - names.begin();
}

}  // namespace

std::shared_ptr<const Samples> make_samples(std::string name, at::Tensor images, at::Tensor labels,
                                            std::vector<std::string> class_names, const std::string& where,
                                            std::vector<float> mean, std::vector<float> deviation) {
  if (images.dim() != 4 || images.scalar_type() != at::kByte)
    fail(where, ": images must be uint8 [N, C, H, W], got ", images.toString(), " ", images.sizes());
  if (labels.dim() != 1 || labels.scalar_type() != at::kLong || labels.numel() != images.size(0))
    fail(where, ": ", images.size(0), " images but ", labels.numel(), " labels");
  if (mean.size() != deviation.size() || (!mean.empty() && static_cast<int64_t>(mean.size()) != images.size(1)))
    fail(where, ": ", images.size(1), " channels, but ", mean.size(), " means and ", deviation.size(), " deviations");
  const auto classes = static_cast<int64_t>(class_names.size());
  labels = labels.contiguous();
  const int64_t* y = labels.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < labels.numel(); ++i)
    if (y[i] < 0 || y[i] >= classes)
      fail(where, ": image ", i, ": label ", y[i], " is out of range: ", classes, " classes");
  Sha256 hash;
  images = images.contiguous();
  hash_tensor(hash, images);
  hash_tensor(hash, labels);
  for (const auto& c : class_names) hash.update(c + "\n");
  return std::make_shared<Samples>(Samples{std::move(name), std::move(images), std::move(labels),
                                           std::move(class_names), hash.hex(), std::move(mean), std::move(deviation)});
}

Dataset::Dataset(std::shared_ptr<const Samples> samples)
    : samples_(std::move(samples)),
      name_(samples_->name),
      rows_(at::arange(samples_->labels.numel(), at::kLong)),
      labels_(samples_->labels),
      class_names_(samples_->class_names) {}

at::Tensor Dataset::images() const { return samples_->images.index_select(0, rows_); }

std::vector<int64_t> Dataset::counts() const {
  std::vector<int64_t> n(class_names_.size());
  const int64_t* y = labels_.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < size(); ++i) ++n[y[i]];
  return n;
}

std::string Dataset::describe() const {
  std::ostringstream text;
  text << name_ << ": " << size() << " images " << samples_->images.sizes().slice(1) << " of " << class_names_.size()
       << " classes";
  return text.str();
}

std::string Dataset::fingerprint() const {
  Sha256 hash;
  hash.update(samples_->fingerprint);
  hash_tensor(hash, rows_);
  hash_tensor(hash, labels_);
  for (const auto& c : class_names_) hash.update(c + "\n");
  return hash.hex();
}

Dataset Dataset::subset(const at::Tensor& index) const {
  if (index.dim() != 1 || index.scalar_type() != at::kLong)
    fail(name_, ": subset: expected a long tensor of one dimension, got ", index.toString(), " ", index.sizes());
  at::Tensor at_rows = index.cpu().contiguous();
  const int64_t* i = at_rows.const_data_ptr<int64_t>();
  for (int64_t k = 0; k < at_rows.numel(); ++k)
    if (i[k] < 0 || i[k] >= size()) fail(name_, ": subset: index ", i[k], " is out of range: ", size(), " samples");
  Dataset view = *this;
  view.rows_ = rows_.index_select(0, at_rows);
  view.labels_ = labels_.index_select(0, at_rows);
  return view;
}

Dataset Dataset::subset(const std::vector<int64_t>& index) const { return subset(at::tensor(index)); }

Dataset Dataset::only(const std::vector<std::string>& classes) const {
  std::vector<int64_t> renumbered(class_names_.size(), -1);
  for (const auto& c : classes) {
    auto& number = renumbered[class_index(c, class_names_, name_)];
    if (number >= 0) fail(name_, ": class '", c, "' is given twice");
    number = &c - classes.data();
  }
  Dataset view = subset(at::tensor(renumbered).index_select(0, labels_).ge(0).nonzero().flatten());
  view.labels_ = at::tensor(renumbered).index_select(0, view.labels_);
  view.class_names_ = classes;
  return view;
}

Dataset Dataset::relabel(const ClassGroups& groups) const {
  std::vector<int64_t> group_of(class_names_.size(), -1);
  for (size_t g = 0; g < groups.size(); ++g)
    for (const auto& c : groups[g].second) {
      auto& group = group_of[class_index(c, class_names_, name_)];
      if (group >= 0)
        fail(name_, ": class '", c, "' is in two labels, '", groups[group].first, "' and '", groups[g].first, "'");
      group = static_cast<int64_t>(g);
    }
  Dataset view = *this;
  view.class_names_.clear();
  std::vector<int64_t> number_of_group(groups.size(), -1), number_of_class;
  for (size_t c = 0; c < group_of.size(); ++c) {
    if (group_of[c] < 0) fail(name_, ": class '", class_names_[c], "' is in none of the labels");
    auto& number = number_of_group[group_of[c]];
    if (number < 0) {
      number = static_cast<int64_t>(view.class_names_.size());
      view.class_names_.push_back(groups[group_of[c]].first);
    }
    number_of_class.push_back(number);
  }
  view.labels_ = at::tensor(number_of_class).index_select(0, labels_);
  return view;
}

Dataset Dataset::renamed(std::string name) const {
  Dataset view = *this;
  view.name_ = std::move(name);
  return view;
}

}  // namespace moonlab::data
