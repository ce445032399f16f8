#include "host/data/dataset.hpp"

#include <algorithm>
#include <sstream>

#include "host/data/picture.hpp"
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

void check_labels(const at::Tensor& labels, int64_t samples, int64_t classes, const char* things, const char* thing,
                  const std::string& where) {
  if ((labels.dim() != 1 && labels.dim() != 2) || labels.scalar_type() != at::kLong || labels.size(0) != samples)
    fail(where, ": ", samples, " ", things, " but ", labels.dim() > 0 ? labels.size(0) : 0, " labels");
  const int64_t several = labels.dim() == 2 ? labels.size(1) : 1;
  const int64_t* y = labels.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < labels.numel(); ++i) {
    const int64_t place = i % several;
    if (place > 0 && y[i] == -1) continue;
    if (y[i] < 0 || y[i] >= classes)
      fail(where, ": ", thing, " ", i / several, ": label ", y[i], " is out of range: ", classes, " classes");
    if (place > 0 && y[i - 1] == -1) fail(where, ": ", thing, " ", i / several, ": a label after the end of its row");
    if (std::find(y + i - place, y + i, y[i]) != y + i)
      fail(where, ": ", thing, " ", i / several, ": label ", y[i], " is given twice");
  }
}

}  // namespace

std::shared_ptr<const Samples> make_samples(std::string name, at::Tensor images, at::Tensor labels,
                                            std::vector<std::string> class_names, const std::string& where,
                                            std::vector<float> mean, std::vector<float> deviation) {
  if (images.dim() != 4 || images.scalar_type() != at::kByte)
    fail(where, ": images must be uint8 [N, C, H, W], got ", images.toString(), " ", images.sizes());
  if (mean.size() != deviation.size() || (!mean.empty() && static_cast<int64_t>(mean.size()) != images.size(1)))
    fail(where, ": ", images.size(1), " channels, but ", mean.size(), " means and ", deviation.size(), " deviations");
  labels = labels.contiguous();
  check_labels(labels, images.size(0), static_cast<int64_t>(class_names.size()), "images", "image", where);
  Sha256 hash;
  images = images.contiguous();
  hash_tensor(hash, images);
  hash_tensor(hash, labels);
  for (const auto& c : class_names) hash.update(c + "\n");
  auto samples = std::make_shared<Samples>();
  samples->name = std::move(name);
  samples->images = std::move(images);
  samples->labels = std::move(labels);
  samples->class_names = std::move(class_names);
  samples->fingerprint = hash.hex();
  samples->mean = std::move(mean);
  samples->deviation = std::move(deviation);
  return samples;
}

std::shared_ptr<const Samples> make_file_samples(std::string name, PictureFiles files, const std::string& content,
                                                 at::Tensor labels, std::vector<std::string> class_names,
                                                 const std::string& where, std::vector<float> mean,
                                                 std::vector<float> deviation) {
  if (mean.size() != deviation.size() || (!mean.empty() && mean.size() != 3))
    fail(where, ": 3 channels, but ", mean.size(), " means and ", deviation.size(), " deviations");
  labels = labels.contiguous();
  check_labels(labels, static_cast<int64_t>(files.paths.size()), static_cast<int64_t>(class_names.size()), "images",
               "image", where);
  Sha256 hash;
  hash.update("files " + content + "\n");
  const int64_t how[] = {files.how.height, files.how.width, static_cast<int64_t>(files.how.fit)};
  hash.update(how, sizeof how);
  hash_tensor(hash, labels);
  for (const auto& c : class_names) hash.update(c + "\n");
  auto samples = std::make_shared<Samples>();
  samples->name = std::move(name);
  samples->files = std::make_shared<const PictureFiles>(std::move(files));
  samples->labels = std::move(labels);
  samples->class_names = std::move(class_names);
  samples->fingerprint = hash.hex();
  samples->mean = std::move(mean);
  samples->deviation = std::move(deviation);
  return samples;
}

std::shared_ptr<const Samples> make_vector_samples(std::string name, at::Tensor vectors, at::Tensor labels,
                                                   std::vector<std::string> class_names, const std::string& where) {
  if (vectors.dim() != 2 || !vectors.is_floating_point() || vectors.numel() == 0)
    fail(where, ": vectors must be float [N, F], got ", vectors.toString(), " ", vectors.sizes());
  labels = labels.contiguous();
  vectors = vectors.to(at::kFloat).contiguous();
  check_labels(labels, vectors.size(0), static_cast<int64_t>(class_names.size()), "vectors", "vector", where);
  Sha256 hash;
  hash_tensor(hash, vectors);
  hash_tensor(hash, labels);
  for (const auto& c : class_names) hash.update(c + "\n");
  auto samples = std::make_shared<Samples>();
  samples->name = std::move(name);
  samples->vectors = std::move(vectors);
  samples->labels = std::move(labels);
  samples->class_names = std::move(class_names);
  samples->fingerprint = hash.hex();
  return samples;
}

std::vector<int64_t> Samples::shape() const {
  if (is_vector()) return {vectors.size(1), 1, 1};
  if (files) return {3, files->how.height, files->how.width};
  return is_text() ? std::vector<int64_t>{} : images.sizes().slice(1).vec();
}

std::string_view Samples::bytes_of(int64_t row, std::vector<uint8_t>& own) const {
  if (is_text()) return texts[row];
  if (is_vector()) {
    const auto* first = vectors.const_data_ptr<float>() + row * vectors.size(1);
    return {reinterpret_cast<const char*>(first), static_cast<size_t>(vectors.size(1)) * sizeof(float)};
  }
  const auto each = shape();
  own.resize(static_cast<size_t>(each[0] * each[1] * each[2]));
  put_pixels(row, own.data());
  return {reinterpret_cast<const char*>(own.data()), own.size()};
}

void Samples::put_pixels(int64_t row, uint8_t* to) const {
  static thread_local Picture picture;
  picture.open(*this, row);
  picture.planes(to);
}

std::shared_ptr<const Samples> make_text_samples(std::string name, text::Texts texts, at::Tensor labels,
                                                 std::vector<std::string> class_names, const std::string& where) {
  if (texts.size() == 0) fail(where, ": holds no texts");
  labels = labels.contiguous();
  check_labels(labels, texts.size(), static_cast<int64_t>(class_names.size()), "texts", "text", where);
  Sha256 hash;
  hash.update(texts.bytes());
  hash.update(texts.ends().data(), texts.ends().size() * sizeof(int64_t));
  hash_tensor(hash, labels);
  for (const auto& c : class_names) hash.update(c + "\n");
  auto samples = std::make_shared<Samples>();
  samples->name = std::move(name);
  samples->labels = std::move(labels);
  samples->class_names = std::move(class_names);
  samples->fingerprint = hash.hex();
  samples->texts = std::move(texts);
  return samples;
}

const std::vector<uint64_t>& Samples::content() const {
  std::call_once(hashed_, [this] {
    const auto n = static_cast<size_t>(labels.size(0));
    content_.resize(n);
    const std::hash<std::string_view> hash;
    std::vector<uint8_t> own;
    for (size_t i = 0; i < n; ++i) content_[i] = hash(bytes_of(static_cast<int64_t>(i), own));
  });
  return content_;
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
