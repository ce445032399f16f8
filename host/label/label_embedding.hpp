// The loss of Label Embedding Networks (section 2.1, Eq. 14): five terms of two outputs and a matrix of label
// embeddings. With z1, z2 the outputs, E_y the embedding of the true label, ' a softmax, '' one with temperature:
//
//   hard       H(y, z1')                       teaches the first output the labels
//   soft       H(sg E_y', z1')                 and what they resemble
//   second     H(y, z2')                       teaches the second output the labels
//   hinge      max(0, (z2')_y - alpha)^p       keeps it from being too sure of them
//   embedding  H(sg z2'', E_y')                teaches the embedding what the second output mixes up
//
// sg stops gradients: E learns from `embedding` alone, z2 from `second` and `hinge`, z1 from `hard` and `soft`.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace moonlab::label {

enum class Reduce { sum, mean };
/// Whose prediction must be right for a sample to teach the embedding (Appendix A); `all`: every sample does.
enum class Teaches { second, first, all };

struct EmbeddingLoss {
  /// Factors of the terms, in the order above.
  std::array<double, 5> weights{0.5, 0.5, 1, 1, 1};
  double tau = 2, alpha = 0.9;
  double power = 1;        // p of the hinge: 1 or 2 in the paper
  bool two_sided = false;  // |(z2')_y - alpha|^p
  Reduce hinge = Reduce::sum;
  Teaches teaches = Teaches::second;
  /// The embedding's term is divided by the number of samples that teach, + 1e-8; else by that of all samples.
  bool counted = true;
};

/// The weighted terms, [5]. Their sum is what is minimised; all but a summed hinge are means over the samples, weighted
/// by w where it is given.
/// @param outputs float [B, 2m], the logits of both outputs side by side; or [B, m] where there is no second one: the
///   last three terms are then 0
/// @param table float [R, m]: embeddings of labels (or of the samples, for compressed ones)
/// @param row long [B]: a sample's row of the table; rows that do not occur get gradients of 0
/// @param y long [B], the true labels, in [0, m)
/// @param w float [B] or undefined: factors; a sample of factor 0 is not read at all
/// In one pass over the rows on the CPU, in float or double; by operators elsewhere and for second derivatives.
/// bfloat16 and half are computed in float. Errors: shapes that do not fit; on the CPU also numbers of labels and rows
/// out of range.
at::Tensor embedding_terms(const at::Tensor& outputs, const at::Tensor& table, const at::Tensor& row,
                           const at::Tensor& y, const at::Tensor& w, const EmbeddingLoss& loss);

/// The same for soft labels t float [B, m], and the table of all labels [m, m]: the loss that is expected of a label
/// drawn from t, which for one-hot rows is the one above.
at::Tensor expected_embedding_terms(const at::Tensor& outputs, const at::Tensor& table, const at::Tensor& t,
                                    const at::Tensor& w, const EmbeddingLoss& loss);

}  // namespace moonlab::label
