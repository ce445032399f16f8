// Byte-level BPE: pieces merged pair by pair over bytes (Sennrich et al. 2016; Radford et al. 2019), as GPT-2 and
// RoBERTa have it.
#pragma once

#include "host/text/added_tokens.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::text {

struct BpeOptions {
  std::vector<std::pair<std::string, std::string>> merges;  // the most important first
  bool prefix_space = false;  // a text that does not begin with a blank is read as if one came first
  std::string unknown;        // for what the vocabulary lacks; "": it is left out
  std::string padding;        // the token that fills up batches; "": id 0
  std::vector<int32_t> before, after;
  std::vector<PairPart> pair;  // of two texts; none: one after the other
  std::vector<AddedToken> added;
};

/// A text is cut by GPT-2's rule ('s 't 're 've 'm 'll 'd, a run of letters, of numbers or of other signs, each with
/// the blank before it, or a run of white space but its last character before a word); each byte of a piece is written
/// as a printable character, and the pair of neighbours that was merged first in training is merged until none is left.
class ByteLevelBpe : public Tokenizer {
 public:
  /// The place of a token is its id. Errors: a merge whose parts or result are no tokens.
  ByteLevelBpe(std::vector<std::string> tokens, BpeOptions options);

  void encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const override;
  std::string decode(const std::vector<int32_t>& ids) const override;
  std::string describe() const override;

 private:
  struct Merge {
    int32_t rank, result;
  };
  void encode_part(std::string_view part, std::vector<int32_t>& ids, WordCache& cache) const;
  void encode_piece(std::string_view piece, std::vector<int32_t>& ids) const;

  BpeOptions options_;
  AddedTokens added_, normalized_;              // there is no normalizer: those come second, that is all
  std::vector<int32_t> of_byte_;                // id of each single byte, -1 where there is none
  std::unordered_map<uint64_t, Merge> merges_;  // left << 32 | right
};

/// Where the piece that begins at `from` ends, by GPT-2's rule.
size_t end_of_piece(std::string_view text, size_t from);

}  // namespace moonlab::text
