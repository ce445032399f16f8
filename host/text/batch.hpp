// Tokens of several texts as one tensor.
#pragma once

#include "host/text/texts.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::text {

struct TokenBatch {
  at::Tensor x;     // long [B, T], T that of the longest text, filled up with the tokenizer's pad
  at::Tensor mask;  // bool [B, T]: true where x is a token of the text
};

/// The rows of some tokens, in this order, filled up with `pad`.
TokenBatch pad_batch(const std::vector<std::pair<const int32_t*, int64_t>>& rows, int32_t pad);
struct PairBatch {
  at::Tensor x, mask, types;  // as TokenBatch; types long [B, T], 0 where x is filled up
};
/// Text i of `first` with text i of `second`. Errors: numbers of texts that differ.
PairBatch encode_pairs(const Texts& first, const Texts& second, const Tokenizer& tokenizer, int64_t max_length);
TokenBatch encode_batch(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length);

}  // namespace moonlab::text
