// Tokens that are found in a text as they stand, before anything else is done to it: [MASK], <mask>.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab::text {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = true;                           // no part of the text when it is decoded
  bool single_word = false;                      // not inside a word
  bool strip_left = false, strip_right = false;  // takes the white space beside it
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  const std::vector<AddedToken>& list() const { return tokens_; }
  bool special(int32_t id) const;

  /// Calls piece(text) for what lies between and token(id) for each token, in order; the longest where several begin at
  /// one place.
  template <class Piece, class Token>
  void split(std::string_view text, Piece piece, Token token) const {
    size_t from = 0;
    for (size_t at = 0; at < text.size();) {
      Match match;
      if (!first_[static_cast<uint8_t>(text[at])] || !find(text, at, from, match)) {
        ++at;
        continue;
      }
      if (match.from > from) piece(text.substr(from, match.from - from));
      token(match.id);
      at = from = match.end;
    }
    if (from < text.size()) piece(text.substr(from));
  }

 private:
  struct Match {
    size_t from, end;
    int32_t id;
  };
  bool find(std::string_view text, size_t at, size_t least, Match& match) const;

  std::vector<AddedToken> tokens_;  // long ones first
  std::array<bool, 256> first_{};   // bytes with which some token begins
};

}  // namespace moonlab::text
