// A labelled set of images, texts or vectors in memory, and views of it that share them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/hash.hpp"
#include "host/image/image.hpp"
#include "host/text/texts.hpp"

namespace moonlab::data {

/// Pictures that stay in their files: each is decoded whenever a batch shows it.
struct PictureFiles {
  std::vector<std::filesystem::path> paths;  // of each sample
  image::Decoding how;                       // the size they are shown at
};

/// The images or texts of one origin as read from its files. Never changed after it was read; shared by all views.
struct Samples {
  std::string name;   // "mnist5k"
  at::Tensor images;  // uint8 [N, C, H, W]; undefined for texts and where pictures stay in files
  std::shared_ptr<const PictureFiles> files;  // pictures of three channels in files, or nothing
  at::Tensor vectors;  // float32 [N, F]: features in place of images and texts; else undefined
  at::Tensor labels;  // long [N], 0 .. class_names.size()-1; [N, K] where samples have several labels:
                      // the first of a row counts for strata, the rest of a row is -1
  std::vector<std::string> class_names;  // in the order of the label numbers
  std::string fingerprint;               // SHA-256 over shapes, images (or their files' content) and labels
  std::vector<float> mean, deviation;    // of a channel, on pixels scaled to [0, 1]; empty: no normalisation
  text::Texts texts;                     // N of them, or none
  mutable text::TokenCache tokens;       // of the texts

  bool is_text() const { return !images.defined() && !files && !vectors.defined(); }
  bool is_vector() const { return vectors.defined(); }
  /// [C, H, W] of an image as it is shown without any step; [F, 1, 1] of vectors, as batches have them; {} of texts.
  std::vector<int64_t> shape() const;
  /// uint8 [C, H, W] of an image, as shape() says, at `to`.
  void put_pixels(int64_t row, uint8_t* to) const;
  /// The bytes of a row alone, what equal samples have in common: its pixels, text or numbers. `own` holds them where
  /// they are made.
  std::string_view bytes_of(int64_t row, std::vector<uint8_t>& own) const;
  /// A hash of each row's pixels, numbers or text alone, to find samples that occur twice; worked out when first asked
  /// for.
  const std::vector<uint64_t>& content() const;
  /// "images", "texts" or "vectors".
  const char* things() const { return is_text() ? "texts" : is_vector() ? "vectors" : "images"; }

 private:
  mutable std::once_flag hashed_;
  mutable std::vector<uint64_t> content_;
};

/// Feeds a tensor's shape and values to a hash.
void hash_tensor(Sha256& hash, const at::Tensor& t);

/// Checks what was read (shapes, label ranges) and computes the fingerprint. `where` is the file named in errors:
/// "FILE: image 712: label 12 is out of range: 10 classes".
std::shared_ptr<const Samples> make_samples(std::string name, at::Tensor images, at::Tensor labels,
                                            std::vector<std::string> class_names, const std::string& where,
                                            std::vector<float> mean = {}, std::vector<float> deviation = {});

/// The same for pictures that stay in their files; `content` tells one content of all files from another.
std::shared_ptr<const Samples> make_file_samples(std::string name, PictureFiles files, const std::string& content,
                                                 at::Tensor labels, std::vector<std::string> class_names,
                                                 const std::string& where, std::vector<float> mean = {},
                                                 std::vector<float> deviation = {});

/// The same for vectors float [N, F]. Labels as those of texts.
std::shared_ptr<const Samples> make_vector_samples(std::string name, at::Tensor vectors, at::Tensor labels,
                                                   std::vector<std::string> class_names, const std::string& where);

/// The same for texts. Labels are long [N], or [N, K] for several: a row begins with a label, holds none twice and is
/// filled up with -1.
std::shared_ptr<const Samples> make_text_samples(std::string name, text::Texts texts, at::Tensor labels,
                                                 std::vector<std::string> class_names, const std::string& where);

/// New class -> the old classes it is made of.
using ClassGroups = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// A view: chosen rows of some samples, with labels that may be coarser than the original ones.
/// A sample's index in the dataset is its position in the view, 0 .. size()-1, so that stores a sample are dense.
class Dataset {
 public:
  /// All samples with their own labels.
  explicit Dataset(std::shared_ptr<const Samples> samples);

  int64_t size() const { return rows_.numel(); }
  const std::string& name() const { return name_; }
  const std::vector<std::string>& class_names() const { return class_names_; }
  const Samples& samples() const { return *samples_; }

  /// long [n]: the class of each sample; [n, K] with several(): the rest of a row is -1. The tensor is the view's own:
  /// do not write to it.
  const at::Tensor& labels() const { return labels_; }
  /// long [n]: the row of each sample among samples().images.
  const at::Tensor& rows() const { return rows_; }
  /// Whether samples may have several labels.
  bool several() const { return labels_.dim() == 2; }
  /// long [n]: the only label of each sample, or the first of several.
  at::Tensor first_labels() const { return several() ? labels_.select(1, 0).contiguous() : labels_; }
  /// Texts of the view, in its order. Errors: the dataset holds images.
  text::Texts texts() const;
  /// uint8 [n, C, H, W]: copies of the images. Errors: the dataset holds texts.
  at::Tensor images() const;
  /// Number of samples a class, in the order of class_names(); a sample of several labels counts for each.
  std::vector<int64_t> counts() const;
  /// "digits: 300 images [1, 28, 28] of 10 classes".
  std::string describe() const;
  /// SHA-256 over the samples' fingerprint, the rows and the labels of this view.
  std::string fingerprint() const;

  /// The samples at `index` (long [m], 0 .. size()-1, in this order). Errors: an index out of range.
  Dataset subset(const at::Tensor& index) const;
  Dataset subset(const std::vector<int64_t>& index) const;
  /// The samples of these classes alone, numbered anew in the given order; of several labels those that are kept stay.
  /// Errors: an unknown class (with the nearest name), a class given twice.
  Dataset only(const std::vector<std::string>& classes) const;
  /// Coarser or other labels. Every class must be in exactly one group; the new classes come in the order of their
  /// first old class, whatever the order of the groups. Several labels that become one are one. Errors: an unknown
  /// class (with the nearest name), a class in two groups or in none.
  Dataset relabel(const ClassGroups& groups) const;
  Dataset renamed(std::string name) const;

 private:
  at::Tensor mapped(const std::vector<int64_t>& number_of_class) const;

  std::shared_ptr<const Samples> samples_;
  std::string name_;
  at::Tensor rows_, labels_;
  std::vector<std::string> class_names_;
};

}  // namespace moonlab::data
