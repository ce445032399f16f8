// Tokens that are found in a text as they stand, before it is cut into words: [MASK], <mask>.
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
  bool normalized = false;  // looked for in what the normalizer leaves of the text, after those that are not
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }

  bool special(int32_t id) const;
  /// What stands for an id as it is looked for; null where it is none of these.
  const std::string* content(int32_t id) const;
  /// All that decides what is found, for a fingerprint.
  std::string describe() const;

  /// Calls piece(text) for what lies between and token(id) for each token, in order; the longest where several begin at
  /// one place. One that is turned down, being inside a word, is passed over whole.
  template <class Piece, class Token>
  void split(std::string_view text, Piece piece, Token token) const {
    size_t from = 0;
    for (size_t at = 0; at < text.size();) {
      const AddedToken* found = first_[static_cast<uint8_t>(text[at])] ? longest(text, at) : nullptr;
      if (!found) {
        ++at;
        continue;
      }
      const size_t begin = at;
      at += found->content.size();
      if (found->single_word && inside_word(text, begin, at)) continue;
      const size_t left = found->strip_left ? space_before(text, begin, from) : begin;
      if (left > from) piece(text.substr(from, left - from));
      token(found->id);
      from = found->strip_right ? space_after(text, at) : at;
    }
    if (from < text.size()) piece(text.substr(from));
  }

 private:
  const AddedToken* longest(std::string_view text, size_t at) const;
  static bool inside_word(std::string_view text, size_t begin, size_t end);
  static size_t space_before(std::string_view text, size_t at, size_t least);
  static size_t space_after(std::string_view text, size_t at);

  std::vector<AddedToken> tokens_;  // long ones first
  std::array<bool, 256> first_{};   // bytes with which some token begins
};

/// The tokens of a list that are looked for before the normalizer works, or after it.
AddedTokens added_tokens(const std::vector<AddedToken>& list, bool normalized);

}  // namespace moonlab::text
