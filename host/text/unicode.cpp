#include "host/text/unicode.hpp"

#include <algorithm>
#include <vector>

#include "host/text/unicode_data.hpp"

namespace moonlab::text {

namespace {

constexpr char32_t kPlane = 0x10000;

uint8_t search_classes(char32_t c) {
  const auto* end = unicode_data::classes + unicode_data::class_count;
  const auto* after =
      std::upper_bound(unicode_data::classes, end, c, [](char32_t x, uint32_t entry) { return x < entry >> 8; });
  return static_cast<uint8_t>(after[-1] & 0xFF);
}

char32_t search_lower(char32_t c) {
  const auto* end = unicode_data::lower + unicode_data::lower_count;
  const auto* after = std::upper_bound(unicode_data::lower, end, c,
                                       [](char32_t x, const unicode_data::Stretch& s) { return x < s.first; });
  for (; after != unicode_data::lower; --after) {
    const auto& s = after[-1];
    if (c > s.last) break;
    if ((c - s.first) % static_cast<uint32_t>(s.step) == 0)
      return static_cast<char32_t>(static_cast<int64_t>(c) + s.delta);
  }
  return c == 0x130 ? U'i' : c;
}

char32_t search_base(char32_t c) {
  const auto* end = unicode_data::base + unicode_data::base_count;
  const auto* found = std::lower_bound(unicode_data::base, end, c,
                                       [](const unicode_data::Single& s, char32_t x) { return s.from < x; });
  return found != end && found->from == c ? found->to : c;
}

// The basic plane spread out, so that nearly every character costs one look.
struct Plane {
  std::vector<uint8_t> classes;
  std::vector<char32_t> lower, base;
  Plane() : classes(kPlane), lower(kPlane), base(kPlane) {
    size_t at = 0;
    for (char32_t c = 0; c < kPlane; ++c) {
      while (at + 1 < unicode_data::class_count && unicode_data::classes[at + 1] >> 8 <= c) ++at;
      classes[c] = static_cast<uint8_t>(unicode_data::classes[at] & 0xFF);
      lower[c] = search_lower(c);
      base[c] = search_base(c);
    }
  }
};

const Plane& plane() {
  static const Plane plane;
  return plane;
}

}  // namespace

uint8_t classes(char32_t c) { return c < kPlane ? plane().classes[c] : search_classes(c); }

char32_t lower(char32_t c) { return c < kPlane ? plane().lower[c] : search_lower(c); }

bool is_cjk(char32_t c) {
  if (c < 0x3400) return false;
  // the hole before 0x2B920 is the reference library's
  return (c >= 0x4E00 && c <= 0x9FFF) || c <= 0x4DBF || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

int base(char32_t c, char32_t to[3]) {
  if (c < 0x80) {
    to[0] = c;
    return 1;
  }
  if (classes(c) & kMark) return 0;
  if (c >= 0xAC00 && c <= 0xD7A3) {  // hangul: composed by rule (Unicode standard, section 3.12)
    const char32_t s = c - 0xAC00;
    to[0] = 0x1100 + s / 588;
    to[1] = 0x1161 + s % 588 / 28;
    to[2] = 0x11A7 + s % 28;
    return s % 28 ? 3 : 2;
  }
  to[0] = c < kPlane ? plane().base[c] : search_base(c);
  if (to[0] != c) return 1;
  const auto* end = unicode_data::base_several + unicode_data::base_several_count;
  const auto* found = std::lower_bound(unicode_data::base_several, end, c,
                                       [](const unicode_data::Several& s, char32_t x) { return s.from < x; });
  if (found == end || found->from != c) return 1;
  int n = 0;
  for (; n < 3 && found->to[n]; ++n) to[n] = found->to[n];
  return n;
}

char32_t decode(std::string_view text, size_t& position) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(position++);
  if (first < 0x80) return first;
  if (first < 0xC2 || first > 0xF4) return kReplacement;
  const int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  char32_t c = first & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    if (position >= text.size()) return kReplacement;
    const uint8_t next = byte(position);
    // the second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF
    const uint8_t least = i > 0 ? 0x80 : first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = i > 0 ? 0xBF : first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (next < least || next > most) return kReplacement;
    c = c << 6 | (next & 0x3F);
    ++position;
  }
  return c;
}

void append(std::string& to, char32_t c) {
  if (c < 0x80) {
    to += static_cast<char>(c);
  } else if (c < 0x800) {
    to += static_cast<char>(0xC0 | c >> 6);
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < kPlane) {
    to += static_cast<char>(0xE0 | c >> 12);
    to += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    to += static_cast<char>(0xF0 | c >> 18);
    to += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    to += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  }
}

size_t find_invalid(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    // U+FFFD itself may be written: its three bytes are valid
    if (decode(text, at) == kReplacement && (at - from != 3 || text.substr(from, 3) != "\xEF\xBF\xBD")) return from;
  }
  return std::string_view::npos;
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace moonlab::text
