// Texts as words: BERT's basic tokenizer.
#pragma once

#include <string>
#include <string_view>

#include "host/text/unicode.hpp"

namespace moonlab::text {

/// What happens to characters before a text is cut into words (Devlin et al. 2018, the released tokenizer). In this
/// order, character by character:
struct Normalizer {
  bool clean = true;          // drop control and format characters, U+0000 and U+FFFD; any white space is a blank
  bool split_cjk = true;      // every Chinese character is a word
  bool strip_accents = true;  // decompose and drop non-spacing marks
  bool lower = true;
};

/// Calls put(char32_t) for every character that the normalizer leaves, and edge() before and after each Chinese one.
template <class Put, class Edge>
void normalize(std::string_view text, const Normalizer& normalizer, Put put, Edge edge) {
  auto put_lower = [&](char32_t c) { put(normalizer.lower ? lower(c) : c); };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decode(text, at);
    if (c < 0x80) {  // the ordinary case
      if (normalizer.clean && (c == 0 || (classes(c) & kOther && !(c == '\t' || c == '\n' || c == '\r')))) continue;
      put_lower(c);
      continue;
    }
    if (normalizer.clean && (c == kReplacement || classes(c) & kOther)) continue;
    const bool alone = normalizer.split_cjk && is_cjk(c);
    if (alone) edge();
    if (normalizer.strip_accents) {
      char32_t parts[3];
      const int n = base(c, parts);
      for (int i = 0; i < n; ++i) put_lower(parts[i]);
    } else {
      put_lower(c);
      if (normalizer.lower && c == 0x130) put(0x307);  // the only one whose lower case is two characters
    }
    if (alone) edge();
  }
}

/// The text that the normalizer leaves, with blanks beside Chinese characters.
inline std::string normalized(std::string_view text, const Normalizer& normalizer) {
  std::string made;
  normalize(
      text, normalizer, [&](char32_t c) { append(made, normalizer.clean && classes(c) & kSpace ? U' ' : c); },
      [&] { made += ' '; });
  return made;
}

/// Calls word(std::string_view) for every word of a text: words end at white space, and every punctuation character is
/// a word of its own. The view is valid during the call.
template <class Word>
void split_words(std::string_view text, const Normalizer& normalizer, std::string& buffer, Word word) {
  buffer.clear();
  auto end_word = [&] {
    if (buffer.empty()) return;
    word(std::string_view(buffer));
    buffer.clear();
  };
  auto put = [&](char32_t c) {
    const uint8_t kind = classes(c);
    if (kind & kSpace) return end_word();
    if (kind & kPunctuation) end_word();
    append(buffer, c);
    if (kind & kPunctuation) end_word();
  };
  normalize(text, normalizer, put, end_word);
  end_word();
}

}  // namespace moonlab::text
