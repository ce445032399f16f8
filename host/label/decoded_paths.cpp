#include "host/label/decoded_paths.hpp"

#include <ATen/ATen.h>

#include <algorithm>

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
    const auto [first, last] = compiled.paths().of(row.tokens.back());
    for (int64_t p = first; p < last && !row.known; ++p)
      if (const auto path = compiled.paths().tokens(p); std::equal(path.begin(), path.end(), row.tokens.begin(), row.tokens.end()))
        row.known = true, row.deterministic = compiled.paths().deterministic(p);
  }
  return rows;
}

Labels host_labels(const at::Tensor& labels) {
  if ((labels.dim() != 1 && labels.dim() != 2) || labels.scalar_type() != at::kLong)
    fail("labels must be long [B] or [B, K], got ", labels.scalar_type(), " ", labels.sizes());
  const at::Tensor t = labels.cpu().contiguous();
  const auto* data = t.const_data_ptr<int64_t>();
  if (t.dim() == 1) return Labels(std::vector<Token>(data, data + t.numel()));
  std::vector<std::vector<Token>> rows(t.size(0));
  for (int64_t b = 0; b < t.size(0); ++b)
    for (int64_t k = 0; k < t.size(1); ++k)
      if (const int64_t label = data[b * t.size(1) + k]; label != -1) rows[b].push_back(static_cast<Token>(label));
  return Labels(rows);
}

}  // namespace moonlab::label
