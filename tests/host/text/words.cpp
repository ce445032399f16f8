#include "host/text/words.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace moonlab::text;

static std::vector<std::string> words(std::string_view text, Normalizer normalizer = {}) {
  std::vector<std::string> list;
  std::string buffer;
  split_words(text, normalizer, buffer, [&](std::string_view word) { list.emplace_back(word); });
  return list;
}
using List = std::vector<std::string>;

TEST_CASE("UTF-8 is read back as written, and what is none of it becomes U+FFFD piece by piece") {
  for (char32_t c : {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF}) {
    std::string text;
    append(text, c);
    size_t at = 0;
    CHECK(decode(text, at) == c);
    CHECK(at == text.size());
    CHECK(find_invalid(text) == std::string::npos);
  }
  auto replaced = [](std::string_view text) {
    int n = 0;
    for (size_t at = 0; at < text.size();) n += decode(text, at) == kReplacement;
    return n;
  };
  CHECK(replaced("\xC0\xAF") == 2);                  // overlong
  CHECK(replaced("\xED\xA0\x80") == 3);              // a surrogate
  CHECK(replaced("\xF4\x90\x80\x80") == 4);          // beyond U+10FFFF
  CHECK(replaced("\xF0\x9F\x98") == 1);              // cut short
  CHECK(replaced("a\xE6\x9D" "b") == 1);
  CHECK(find_invalid("abc\xFFx") == 3);
  CHECK(find_invalid("\xEF\xBF\xBD") == std::string::npos);  // U+FFFD itself may be written
}

TEST_CASE("characters have their classes, lower case and base") {
  CHECK(classes(' ') == kSpace);
  CHECK(classes('x') == kLetter);
  CHECK(classes('7') == kNumber);
  CHECK(classes('$') == kPunctuation);
  CHECK(classes(0x301) == kMark);
  CHECK(classes(0x200B) == kOther);
  CHECK(classes(0x1D54F) == kLetter);  // beyond the basic plane
  CHECK(classes(0x1F600) == 0);
  CHECK(lower(0xC9) == 0xE9);
  CHECK(lower(0x10400) == 0x10428);
  CHECK(lower(0x3A3) == 0x3C3);
  char32_t to[3];
  CHECK((base(0xE9, to) == 1 && to[0] == 'e'));
  CHECK(base(0x301, to) == 0);
  CHECK((base(0xD55C, to) == 3 && to[0] == 0x1112 && to[1] == 0x1161 && to[2] == 0x11AB));  // a hangul syllable
  CHECK((base(0xAC00, to) == 2 && to[1] == 0x1161));
  CHECK((is_cjk(0x4E00) && is_cjk(0x20000) && !is_cjk(0x3042) && !is_cjk(0xAC00) && !is_cjk(0x33FF)));
}

TEST_CASE("texts are cut into words as BERT does it") {
  CHECK(words("Héllo  Wörld!") == List{"hello", "world", "!"});
  CHECK(words("don't") == List{"don", "'", "t"});
  CHECK(words("東京a") == List{"東", "京", "a"});
  CHECK(words("a\tb\r\nc\u3000d\u2028e") == List{"a", "b", "c", "d", "e"});
  CHECK(words("a\x01" "b\u200bc\uFFFD\u00ADd") == List{"abcd"});  // controls vanish
  CHECK(words("İI") == List{"ii"});
  CHECK(words("").empty());
  CHECK(words(" \n ").empty());
}

TEST_CASE("each step of the normalizer can be left out") {
  CHECK(words("Été", {true, true, false, true}) == List{"été"});
  CHECK(words("Été", {true, true, true, false}) == List{"Ete"});
  CHECK(words("東京", {true, false, true, true}) == List{"東京"});
  CHECK(words("a\u200b", {false, true, true, true}) == List{"a\u200b"});
  CHECK(words("İ", {true, true, false, true}) == List{"i\u0307"});
}
