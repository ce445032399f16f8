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
    if (normalizer.lower) c = lower(c);
    const uint8_t kind = classes(c);
    if (kind & kSpace) return end_word();
    if (kind & kPunctuation) end_word();
    append(buffer, c);
    if (kind & kPunctuation) end_word();
  };
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decode(text, at);
    if (c < 0x80) {  // the ordinary case
      if (c == 0 ? normalizer.clean : normalizer.clean && classes(c) & kOther && !(c == '\t' || c == '\n' || c == '\r'))
        continue;
      put(c);
      continue;
    }
    if (normalizer.clean && (c == kReplacement || classes(c) & kOther)) continue;
    const bool alone = normalizer.split_cjk && is_cjk(c);
    if (alone) end_word();
    if (normalizer.strip_accents) {
      char32_t parts[3];
      const int n = base(c, parts);
      for (int i = 0; i < n; ++i) put(parts[i]);
    } else {
      put(c);
      if (normalizer.lower && c == 0x130) append(buffer, 0x307);  // the only one whose lower case is two characters
    }
    if (alone) end_word();
  }
  end_word();
}

}  // namespace moonlab::text
