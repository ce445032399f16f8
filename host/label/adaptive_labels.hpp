// Learning with adaptive labels (LwAL, section 2): the label of a class is the mean of what the network answers to its
// samples, and a sample's class the one with the nearest label.
//
//   label_c = mean of z over the samples of class c    (Eq. 1)
//   p_c = softmax over c of -||z - label_c||           (Eq. 2; the distance, not its square)
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace moonlab::label {

/// Minus the Euclidean distances, [B, N]: the logits of Eq. 2. A distance is at least 1e-6, as in the authors' code
/// (sqrt(max(., 1e-12))); where it is no larger its gradient is zero. Distances come from differences and on the CPU,
/// where there are many, from one product: but never those of near pairs, for which the expanded square has no digits
/// left (the label of a class with a single sample is that sample).
/// @param z float [B, d], @param labels float [N, d]; both may learn, any number of times. Half precision is computed
/// in float; any device. Errors: shapes that do not fit.
at::Tensor label_logits(const at::Tensor& z, const at::Tensor& labels);

/// Which samples belong to which class, and how much each counts.
struct Membership {
  at::Tensor y;  // long [B], in [0, N); or undefined
  at::Tensor t;  // float [B, N], shares of the classes; where it is defined y is not read
  at::Tensor w;  // float [B] or undefined: a sample of factor 2 counts like two, one of factor 0 is not read at all
  int64_t classes = 0;
};

/// The sums of z [N, d] and the counts [N] of each class: numerator and denominator of Eq. 1, which add up across the
/// parts of a batch. Differentiable in z. Errors: shapes that do not fit; on the CPU labels out of range.
std::pair<at::Tensor, at::Tensor> class_sums(const at::Tensor& z, const Membership& of);

/// sums / counts, and the old label where a class has no sample, or a mean that is not finite (an overflow of half
/// precision must not be remembered). Gradients reach `sums` alone.
at::Tensor class_means(const at::Tensor& sums, const at::Tensor& counts, const at::Tensor& old);

enum class Pairs { sum, mean_all, mean_pairs };

/// Repulsion (Eq. 3): cos(z_i, z_j) over all ordered pairs of samples of different classes. `sum` as printed;
/// `mean_all` divides by B^2 as the authors' code does; `mean_pairs` by the number of pairs. Soft labels t: pairs count
/// with the probability 1 - t_i . t_j that their labels differ, a sample with itself not at all.
///
/// With unit vectors u and their sums s_c over classes, S over all, the sum is that of s_c . (S - s_c) over the
/// classes: O(B d) numbers and no [B, B]. A vector of length 0 has no angle: it adds nothing and gets no gradient. A
/// batch without any pair costs 0.
at::Tensor repel(const at::Tensor& z, const Membership& of, Pairs reduction);

}  // namespace moonlab::label
