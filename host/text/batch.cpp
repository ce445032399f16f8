#include "host/text/batch.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::text {

TokenBatch pad_batch(const std::vector<std::pair<const int32_t*, int64_t>>& rows, int32_t pad) {
  int64_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, row.second);
  const auto size = static_cast<int64_t>(rows.size());
  TokenBatch batch{at::full({size, longest}, pad, at::kLong), at::zeros({size, longest}, at::kBool)};
  auto* x = batch.x.mutable_data_ptr<int64_t>();
  auto* mask = batch.mask.mutable_data_ptr<bool>();
  for (const auto& [ids, length] : rows) {
    std::copy_n(ids, length, x);
    std::fill_n(mask, length, true);
    x += longest;
    mask += longest;
  }
  return batch;
}

PairBatch encode_pairs(const Texts& first, const Texts& second, const Tokenizer& tokenizer, int64_t max_length) {
  if (first.size() == 0) fail("tokenizer: no texts given");
  if (first.size() != second.size())
    fail("tokenizer: ", first.size(), " first texts and ", second.size(), " second ones are no pairs");
  WordCache cache;
  std::vector<Tokenizer::Pair> pairs;
  for (int64_t i = 0; i < first.size(); ++i)
    pairs.push_back(tokenizer.encode_pair(first[i], second[i], max_length, cache));
  std::vector<std::pair<const int32_t*, int64_t>> ids, types;
  for (const auto& pair : pairs) {
    ids.emplace_back(pair.ids.data(), pair.ids.size());
    types.emplace_back(pair.types.data(), pair.types.size());
  }
  TokenBatch batch = pad_batch(ids, tokenizer.pad());
  return {batch.x, batch.mask, pad_batch(types, 0).x};
}

TokenBatch encode_batch(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length) {
  if (texts.size() == 0) fail("tokenizer: no texts given");
  const Tokens tokens = tokenize(texts, tokenizer, max_length);
  const auto* ids = tokens.ids.const_data_ptr<int32_t>();
  const auto* offset = tokens.offsets.const_data_ptr<int64_t>();
  std::vector<std::pair<const int32_t*, int64_t>> rows;
  for (int64_t i = 0; i < tokens.size(); ++i) rows.emplace_back(ids + offset[i], offset[i + 1] - offset[i]);
  return pad_batch(rows, tokenizer.pad());
}

}  // namespace moonlab::text
