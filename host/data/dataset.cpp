#include "host/data/dataset.hpp"

#include <algorithm>
#include <sstream>

#include "host/error.hpp"

namespace moonlab::data {

namespace {

int64_t class_index(const std::string& name, const std::vector<std::string>& names, const std::string& dataset) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail(dataset, ": no class '", name, "'", did_you_mean(name, names));
  return found - names.begin();
}

}  // namespace

void hash_tensor(Sha256& hash, const at::Tensor& t) {
  at::Tensor c = t.contiguous();
  hash.update(c.sizes().data(), c.sizes().size() * sizeof(int64_t));
  hash.update(c.data_ptr(), c.nbytes());
}

Dataset::Dataset(std::shared_ptr<const Samples> samples)
    : samples_(std::move(samples)),
      name_(samples_->name),
      rows_(at::arange(samples_->labels.size(0), at::kLong)),
      labels_(samples_->labels),
      class_names_(samples_->class_names) {}

at::Tensor Dataset::images() const {
  if (samples_->is_text() || samples_->is_vector()) fail("'", name_, "' holds ", samples_->things(), ", not images");
  if (!samples_->files) return samples_->images.index_select(0, rows_);
  const auto shape = samples_->shape();
  at::Tensor images = at::empty({size(), shape[0], shape[1], shape[2]}, at::kByte);
  auto* to = images.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < size(); ++i, to += images[0].numel())
    samples_->put_pixels(rows_.const_data_ptr<int64_t>()[i], to);
  return images;
}

text::Texts Dataset::texts() const {
  if (!samples_->is_text()) fail("'", name_, "' holds ", samples_->things(), ", not texts");
  text::Texts texts;
  const auto* row = rows_.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < size(); ++i) texts.add(samples_->texts[row[i]]);
  return texts;
}

std::vector<int64_t> Dataset::counts() const {
  std::vector<int64_t> n(class_names_.size());
  const int64_t* y = labels_.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < labels_.numel(); ++i)
    if (y[i] >= 0) ++n[y[i]];
  return n;
}

std::string Dataset::describe() const {
  std::ostringstream text;
  text << name_ << ": " << size() << " " << samples_->things() << " ";
  if (!samples_->is_text()) text << at::IntArrayRef(samples_->shape()) << " ";
  text << "of " << class_names_.size() << " classes";
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

// The labels under other numbers: of several in a row those that become -1 are dropped, equal ones are one.
at::Tensor Dataset::mapped(const std::vector<int64_t>& number_of_class) const {
  if (!several()) return at::tensor(number_of_class).index_select(0, labels_);
  at::Tensor result = at::full_like(labels_, -1);
  const int64_t width = labels_.size(1), *from = labels_.const_data_ptr<int64_t>();
  auto* to = result.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < size(); ++i, from += width, to += width) {
    int64_t* end = to;
    for (int64_t k = 0; k < width && from[k] >= 0; ++k) {
      const int64_t number = number_of_class[from[k]];
      if (number >= 0 && std::find(to, end, number) == end) *end++ = number;
    }
  }
  return result;
}

Dataset Dataset::only(const std::vector<std::string>& classes) const {
  std::vector<int64_t> renumbered(class_names_.size(), -1);
  for (const auto& c : classes) {
    auto& number = renumbered[class_index(c, class_names_, name_)];
    if (number >= 0) fail(name_, ": class '", c, "' is given twice");
    number = &c - classes.data();
  }
  at::Tensor labels = mapped(renumbered);
  at::Tensor kept = (several() ? labels.select(1, 0) : labels).ge(0).nonzero().flatten();
  Dataset view = subset(kept);
  view.labels_ = labels.index_select(0, kept);
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
  view.labels_ = mapped(number_of_class);
  return view;
}

Dataset Dataset::renamed(std::string name) const {
  Dataset view = *this;
  view.name_ = std::move(name);
  return view;
}

}  // namespace moonlab::data
