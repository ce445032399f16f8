// WordPiece: words as pieces of a fixed vocabulary (Wu et al. 2016), as BERT has it.
#pragma once

#include "host/text/added_tokens.hpp"
#include "host/text/tokenizer.hpp"
#include "host/text/words.hpp"

namespace moonlab::text {

struct WordPieceOptions {
  Normalizer normalizer;
  std::string unknown = "[UNK]", padding = "[PAD]", prefix = "##";  // prefix: of pieces that do not begin a word
  int64_t max_characters = 100;                                     // a longer word is unknown
  bool cleanup = true;                                              // of decoded texts: no blank before "." or ","
  std::vector<int32_t> before, after;                               // ids around every text
  std::vector<PairPart> pair;                                       // of two texts; none: one after the other
  std::vector<AddedToken> added;
};

/// A word is cut into the longest piece of the vocabulary that it begins with, then the longest that the rest begins
/// with, and so on; a word that cannot be cut to its end is unknown as a whole.
class WordPiece : public Tokenizer {
 public:
  /// The place of a token is its id; of equal ones the last counts. Errors: no unknown token, ids out of range.
  WordPiece(std::vector<std::string> tokens, WordPieceOptions options);

  void encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const override;
  std::string decode(const std::vector<int32_t>& ids) const override;
  std::string describe() const override;

 private:
  void encode_words(std::string_view text, const Normalizer& normalizer, std::vector<int32_t>& ids,
                    WordCache& cache) const;
  void encode_word(std::string_view word, std::vector<int32_t>& ids) const;

  WordPieceOptions options_;
  AddedTokens added_, normalized_;
  std::unordered_map<std::string_view, int32_t> inside_;  // pieces with the prefix, by what follows it
  size_t longest_ = 0;                                    // bytes of the longest piece
};

}  // namespace moonlab::text
