// Many texts in one buffer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace moonlab::text {

class Tokenizer;

/// Texts one after the other. Filled once, then never changed.
class Texts {
 public:
  Texts() = default;
  explicit Texts(const std::vector<std::string>& texts);

  void add(std::string_view text);
  /// Lengthens the text that was added last.
  void extend(std::string_view text);

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }
  std::string_view operator[](int64_t i) const {
    const int64_t from = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(from, ends_[i] - from);
  }
  /// All bytes, for hashing.
  std::string_view bytes() const { return bytes_; }
  const std::vector<int64_t>& ends() const { return ends_; }

 private:
  std::string bytes_;
  std::vector<int64_t> ends_;
};

/// Tokens of many texts: ids int32 [total], offsets long [N + 1]; text i has ids[offsets[i]] .. ids[offsets[i+1]-1].
struct Tokens {
  at::Tensor ids, offsets;

  int64_t size() const { return offsets.numel() - 1; }
  /// The positions 0 .. n-1 of `rows` (long [n]) by falling number of tokens, equal ones in their order: batches of
  /// them hold little padding.
  at::Tensor by_length(const at::Tensor& rows) const;
};

/// Tokenises all texts on all threads that LibTorch may use; the result does not depend on their number. A text has at
/// least one token and, special ones included, at most `max_length`.
Tokens tokenize(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length);

/// The tokens of texts under several tokenizers, each computed once.
class TokenCache {
 public:
  /// The same object for the same tokenizer (by fingerprint) and length.
  std::shared_ptr<const Tokens> get(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, int64_t>, std::shared_ptr<const Tokens>> tokens_;
};

}  // namespace moonlab::text
