// What was read from files, before anything is chosen of it.
#include <algorithm>

#include "host/data/dataset.hpp"
#include "host/data/picture.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

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

}  // namespace moonlab::data
