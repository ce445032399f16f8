// A labelled set of images in memory, and views of it that share the images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::data {

/// The images of one origin as read from its files. Never changed after it was read; shared by all views.
struct Samples {
  std::string name;                      // "mnist5k"
  at::Tensor images;                     // uint8 [N, C, H, W]
  at::Tensor labels;                     // long [N], 0 .. class_names.size()-1
  std::vector<std::string> class_names;  // in the order of the label numbers
  std::string fingerprint;               // SHA-256 over shapes, images and labels
  std::vector<float> mean, deviation;    // of a channel, on pixels scaled to [0, 1]; empty: no normalisation
};

/// Checks what was read (shapes, label ranges) and computes the fingerprint. `where` is the file named in errors:
/// "FILE: image 712: label 12 is out of range: 10 classes".
std::shared_ptr<const Samples> make_samples(std::string name, at::Tensor images, at::Tensor labels,
                                            std::vector<std::string> class_names, const std::string& where,
                                            std::vector<float> mean = {}, std::vector<float> deviation = {});

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

  /// long [n]: the class of each sample. The tensor is the view's own: do not write to it.
  const at::Tensor& labels() const { return labels_; }
  /// long [n]: the row of each sample among samples().images.
  const at::Tensor& rows() const { return rows_; }
  /// uint8 [n, C, H, W]: copies of the images.
  at::Tensor images() const;
  /// Number of samples a class, in the order of class_names().
  std::vector<int64_t> counts() const;
  /// "digits: 300 images [1, 28, 28] of 10 classes".
  std::string describe() const;
  /// SHA-256 over the samples' fingerprint, the rows and the labels of this view.
  std::string fingerprint() const;

  /// The samples at `index` (long [m], 0 .. size()-1, in this order). Errors: an index out of range.
  Dataset subset(const at::Tensor& index) const;
  Dataset subset(const std::vector<int64_t>& index) const;
  /// The samples of these classes alone, numbered anew in the given order. Errors: an unknown class (with the
  /// nearest name), a class given twice.
  Dataset only(const std::vector<std::string>& classes) const;
  /// Coarser or other labels. Every class must be in exactly one group; the new classes come in the order of their
  /// first old class, whatever the order of the groups. Errors: an unknown class (with the nearest name), a class in
  /// two groups or in none.
  Dataset relabel(const ClassGroups& groups) const;
  Dataset renamed(std::string name) const;

 private:
  std::shared_ptr<const Samples> samples_;
  std::string name_;
  at::Tensor rows_, labels_;
  std::vector<std::string> class_names_;
};

}  // namespace moonlab::data
