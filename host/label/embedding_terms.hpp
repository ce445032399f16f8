// What the two ways to compute the terms of label_embedding.hpp share.
#pragma once

#include <vector>

#include "host/label/label_embedding.hpp"

namespace moonlab::label {

constexpr double kFew = 1e-8;    // what the authors add to the number of samples that teach
constexpr double kNone = 1e-12;  // a batch in which no sample counts costs nothing

enum Term { kHard, kSoft, kSecond, kHinge, kEmbedding, kTerms };

/// The terms by operators, which autograd differentiates: any device, any number of times. Arguments are of one
/// floating-point type and fit.
at::Tensor terms_by_operators(at::Tensor outputs, const at::Tensor& table, at::Tensor row, at::Tensor y,
                              const at::Tensor& w, const EmbeddingLoss& loss);

/// The same on the CPU, in float or double: probabilities by three softmaxes, all else in one pass over the rows,
/// forward and backward. Second derivatives go by operators.
at::Tensor terms_in_one_pass(const at::Tensor& outputs, const at::Tensor& table, const at::Tensor& row,
                             const at::Tensor& y, const at::Tensor& w, const EmbeddingLoss& loss);

/// Errors where shapes or options do not fit.
void check_embedding(const at::Tensor& outputs, const at::Tensor& table, const at::Tensor& w, int64_t batch,
                     const EmbeddingLoss& loss);

/// What is computed in: the wider of the two types, half precision in float as PyTorch's own losses under autocast.
at::ScalarType embedding_type(const at::Tensor& outputs, const at::Tensor& table);

}  // namespace moonlab::label
