// From texts to numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moonlab::text {

/// Ids of words met before, for one thread.
class WordCache {
 public:
  /// Appends the ids of a word met before; false where it is new.
  bool find(std::string_view word, std::vector<int32_t>& ids) const;
  /// Remembers what stands in `ids` from `from` on.
  void put(std::string_view word, const std::vector<int32_t>& ids, size_t from);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, std::pair<uint32_t, uint32_t>, Hash, std::equal_to<>> places_;
  std::vector<int32_t> ids_;
};

/// One part of what two texts together become: special tokens, or the tokens of the first or second text.
struct PairPart {
  enum Kind { kSpecial, kFirst, kSecond } kind = kSpecial;
  std::vector<int32_t> ids;  // of special ones
  int32_t type = 0;          // what the model is told about these tokens: token_type_ids
};

/// Never changed after it was made; encode may run on several threads, each with a cache of its own.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Appends the ids of a text, without those that begin and end every text. Bytes that are no UTF-8 count as U+FFFD.
  virtual void encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const = 0;
  /// The text of ids as nearly as they tell it; special ones are left out.
  virtual std::string decode(const std::vector<int32_t>& ids) const = 0;
  /// "wordpiece: 30522 tokens, lower case".
  virtual std::string describe() const = 0;

  /// Number of ids: those of an embedding's rows.
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  /// The text of an id. Errors: an id out of range.
  const std::string& token(int64_t id) const;
  /// The id of a token, -1 where there is none.
  int64_t id(std::string_view token) const;
  /// What fills up shorter texts of a batch.
  int32_t pad() const { return pad_; }
  /// What stands before and after the tokens of every text: [CLS], [SEP].
  const std::vector<int32_t>& before() const { return before_; }
  const std::vector<int32_t>& after() const { return after_; }
  /// SHA-256 of all that decides what encode gives.
  const std::string& fingerprint() const { return fingerprint_; }

  /// The ids of a text with what stands before and after, at least one and at most `max_length`: the text's last tokens
  /// are cut off. Errors: a max_length with no room for a token.
  std::vector<int32_t> encode_whole(std::string_view text, int64_t max_length, WordCache& cache) const;
  void check_length(int64_t max_length) const;

  struct Pair {
    std::vector<int32_t> ids, types;  // of one length
  };
  /// Two texts as one, [CLS] a [SEP] b [SEP]: at most `max_length` tokens, of which the longer text loses the last ones
  /// until both are of one length, and then both. Errors: a max_length with no room for a token.
  Pair encode_pair(std::string_view a, std::string_view b, int64_t max_length, WordCache& cache) const;

 protected:
  void set_tokens(std::vector<std::string> tokens);
  void set_fingerprint(const std::string& kind_and_options);

  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, int32_t> ids_;  // views into tokens_
  std::vector<int32_t> before_, after_;
  std::vector<PairPart> pair_{{PairPart::kFirst, {}, 0}, {PairPart::kSecond, {}, 1}};
  int32_t pad_ = 0;
  int32_t unknown_ = 0;  // -1: there is none

 private:
  std::string fingerprint_;
};

}  // namespace moonlab::text
