#include "host/label/label_embedding.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/label/embedding_terms.hpp"

namespace moonlab::label {

using at::Tensor;

namespace {

void check_numbers(const Tensor& numbers, const Tensor& w, int64_t end, const char* what) {
  const auto* at = numbers.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < numbers.size(0); ++b)
    if ((at[b] < 0 || at[b] >= end) && !(w.defined() && w[b].item<double>() == 0))
      fail("label embedding: ", what, " ", at[b], " of sample ", b, " is not in [0, ", end - 1, "]");
}

}  // namespace

void check_embedding(const Tensor& outputs, const Tensor& table, const Tensor& w, int64_t batch,
                     const EmbeddingLoss& o) {
  if (outputs.dim() != 2 || table.dim() != 2)
    fail("label embedding: outputs ", outputs.sizes(), " and embeddings ", table.sizes(), " must both have two dims");
  const int64_t m = table.size(1);
  if (outputs.size(1) != m && outputs.size(1) != 2 * m)
    fail("label embedding: embeddings of ", m, " numbers go with outputs of ", m, " or, with a second one, ", 2 * m,
         " numbers; got ", outputs.size(1));
  if (batch != outputs.size(0)) fail("label embedding: ", outputs.size(0), " rows of outputs, but ", batch, " labels");
  if (w.defined() && (w.dim() != 1 || w.size(0) != batch))
    fail("label embedding: weights ", w.sizes(), " do not fit ", batch, " samples");
  if (!(o.tau > 0)) fail("label embedding: tau must be positive, got ", o.tau);
  if (!(o.power >= 1)) fail("label embedding: p must be at least 1, got ", o.power);
}

at::ScalarType embedding_type(const Tensor& outputs, const Tensor& table) {
  const auto type = at::promote_types(outputs.scalar_type(), table.scalar_type());
  return type == at::kDouble ? type : at::kFloat;
}

Tensor embedding_terms(const Tensor& outputs, const Tensor& table, const Tensor& row, const Tensor& y, const Tensor& w,
                       const EmbeddingLoss& o) {
  check_embedding(outputs, table, w, y.size(0), o);
  if (row.dim() != 1 || row.size(0) != y.size(0) || y.dim() != 1 || row.scalar_type() != at::kLong ||
      y.scalar_type() != at::kLong)
    fail("label embedding: labels and rows are long [B], got ", y.sizes(), " and ", row.sizes());
  const auto type = embedding_type(outputs, table);
  const Tensor z = outputs.to(type), e = table.to(type), factor = w.defined() ? w.to(type) : w;
  if (!z.is_cpu()) return terms_by_operators(z, e, row, y, factor, o);
  check_numbers(y, w, e.size(1), "label");
  check_numbers(row, w, e.size(0), "row");
  return terms_in_one_pass(z, e, row, y, factor, o);
}

}  // namespace moonlab::label
