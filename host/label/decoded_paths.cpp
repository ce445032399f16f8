#include "host/label/decoded_paths.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::label {

using graph::Token;

std::vector<DecodedPath> decoded_paths(const graph::LabelGraph& g, const graph::Compiled& compiled,
                                       const at::Tensor& tokens) {
  if (tokens.dim() != 2 || tokens.scalar_type() != at::kLong)
    fail("decoded paths must be long [B, L], got ", tokens.sizes());
  at::Tensor t = tokens.cpu().contiguous();
  const auto* data = t.const_data_ptr<int64_t>();
  std::vector<DecodedPath> rows(t.size(0));
  for (int64_t b = 0; b < t.size(0); ++b) {
    auto& row = rows[b];
    for (int64_t i = 0; i < t.size(1) && data[b * t.size(1) + i] != graph::kEnd; ++i)
      row.tokens.push_back(static_cast<Token>(data[b * t.size(1) + i]));
    if (row.tokens.empty() || !g.is_label(row.tokens.back())) continue;
    for (const auto& p : compiled.paths(row.tokens.back()))
      if (p.tokens == row.tokens) row.known = true, row.deterministic = p.deterministic;
  }
  return rows;
}

std::vector<Token> host_tokens(const at::Tensor& labels) {
  if (labels.dim() != 1 || labels.scalar_type() != at::kLong)
    fail("labels must be long [B], got ", labels.scalar_type(), " ", labels.sizes());
  at::Tensor t = labels.cpu().contiguous();
  const auto* data = t.const_data_ptr<int64_t>();
  return {data, data + t.numel()};
}

}  // namespace moonlab::label
