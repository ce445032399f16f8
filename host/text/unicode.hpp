// Characters: UTF-8, classes, lower case, base characters. What tokenizers need of Unicode, without a library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace moonlab::text {

/// Bits of classes().
enum CharacterClass : uint8_t {
  kSpace = 1,        // White_Space
  kLetter = 2,       // L*
  kNumber = 4,       // N*
  kPunctuation = 8,  // P*, and all ASCII signs that are neither letter nor digit
  kMark = 16,        // Mn: accents and other marks without a width of their own
  kOther = 32,       // Cc, Cf, Co: control, format, private use
};

constexpr char32_t kReplacement = 0xFFFD;

/// The classes of a code point, or 0: a symbol, a spacing mark, not assigned.
uint8_t classes(char32_t c);
/// Chinese characters as BERT knows them: the blocks of unified and compatibility ideographs, without kana and hangul.
bool is_cjk(char32_t c);
/// One character in lower case. U+0130 alone would become two; it gives its first, 'i'.
char32_t lower(char32_t c);
/// What the canonical decomposition leaves of a character once non-spacing marks are dropped: none, one or more
/// characters, written to `to`; their number.
int base(char32_t c, char32_t to[3]);

/// The character at `position` and moves on. Bytes that are no UTF-8 (overlong forms and surrogates too) are U+FFFD,
/// one for each longest wrong piece as the Unicode standard recommends.
char32_t decode(std::string_view text, size_t& position);
void append(std::string& to, char32_t c);
/// Where the first byte stands that is no UTF-8; npos where all is well.
size_t find_invalid(std::string_view text);
/// Number of characters of valid UTF-8.
size_t count_characters(std::string_view text);

}  // namespace moonlab::text
