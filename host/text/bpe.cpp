#include "host/text/bpe.hpp"

#include <algorithm>
#include <array>

#include "host/error.hpp"
#include "host/text/unicode.hpp"

namespace moonlab::text {

namespace {

// Every byte as a printable character: itself where it is one, else from U+0100 on (Radford et al. 2019, the released
// code).
const std::array<char32_t, 256>& byte_characters() {
  static const auto table = [] {
    std::array<char32_t, 256> t{};
    char32_t next = 0x100;
    for (char32_t b = 0; b < 256; ++b)
      t[b] = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE ? b : next++;
    return t;
  }();
  return table;
}

uint64_t pair_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}

enum Kind { kBlank, kWord, kDigits, kSigns };

Kind kind_of(char32_t c) {
  const uint8_t k = classes(c);
  return k & kSpace ? kBlank : k & kLetter ? kWord : k & kNumber ? kDigits : kSigns;
}

// The end of the run of one kind that begins at `at`.
size_t end_of_run(std::string_view text, size_t at, Kind kind) {
  while (at < text.size()) {
    size_t next = at;
    if (kind_of(decode(text, next)) != kind) break;
    at = next;
  }
  return at;
}

// With U+FFFD in place of what is no UTF-8.
std::string repaired(std::string_view text) {
  std::string made;
  for (size_t at = 0; at < text.size();) append(made, text::decode(text, at));
  return made;
}

}  // namespace

size_t end_of_piece(std::string_view text, size_t from) {
  if (text[from] == '\'')
    for (std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})
      if (text.substr(from, ending.size()) == ending) return from + ending.size();
  size_t at = from + (text[from] == ' ' ? 1 : 0);
  if (at < text.size()) {
    size_t next = at;
    const Kind kind = kind_of(decode(text, next));
    if (kind != kBlank) return end_of_run(text, next, kind);
  }
  const size_t end = end_of_run(text, from, kBlank);
  if (end == text.size()) return end;
  // the last character of the white space is left to the word, unless it is all there is
  size_t last = end - 1;
  while ((text[last] & 0xC0) == 0x80) --last;
  return last > from ? last : end;
}

ByteLevelBpe::ByteLevelBpe(std::vector<std::string> tokens, BpeOptions options)
    : options_(std::move(options)),
      added_(added_tokens(options_.added, false)),
      normalized_(added_tokens(options_.added, true)),
      of_byte_(256, -1) {
  set_tokens(std::move(tokens));
  before_ = options_.before;
  after_ = options_.after;
  if (!options_.pair.empty()) pair_ = options_.pair;
  for (const auto* list : {&before_, &after_})
    for (int32_t i : *list) token(i);
  unknown_ = static_cast<int32_t>(options_.unknown.empty() ? -1 : id(options_.unknown));
  pad_ = static_cast<int32_t>(std::max<int64_t>(0, id(options_.padding)));
  std::string character;
  for (size_t b = 0; b < 256; ++b) {
    character.clear();
    append(character, byte_characters()[b]);
    of_byte_[b] = static_cast<int32_t>(id(character));
  }
  std::string about = options_.prefix_space ? "bpe with a blank" : "bpe";
  for (size_t rank = 0; rank < options_.merges.size(); ++rank) {
    const auto& [left, right] = options_.merges[rank];
    const int64_t l = id(left), r = id(right), result = id(left + right);
    if (l < 0 || r < 0 || result < 0)
      fail("merge ", rank + 1, ", '", left, " ", right, "': ",
           l < 0   ? left
           : r < 0 ? right
                   : left + right,
           " is no token");
    merges_.emplace(pair_of(static_cast<int32_t>(l), static_cast<int32_t>(r)),
                    Merge{static_cast<int32_t>(rank), static_cast<int32_t>(result)});
    about += "\n" + left + " " + right;
  }
  for (const auto* list : {&before_, &after_})
    for (int32_t i : *list) about += " " + std::to_string(i);
  for (const auto* list : {&added_, &normalized_}) about += list->describe();
  set_fingerprint(about);
}

void ByteLevelBpe::encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const {
  std::string valid;
  if (find_invalid(text) != std::string_view::npos) text = valid = repaired(text);
  auto token = [&](int32_t id) { ids.push_back(id); };
  added_.split(
      text,
      [&](std::string_view rest) {
        normalized_.split(rest, [&](std::string_view part) { encode_part(part, ids, cache); }, token);
      },
      token);
}

void ByteLevelBpe::encode_part(std::string_view part, std::vector<int32_t>& ids, WordCache& cache) const {
  std::string blank;
  if (options_.prefix_space && part[0] != ' ') {
    blank.assign(1, ' ');
    part = blank.append(part);
  }
  for (size_t from = 0, end; from < part.size(); from = end) {
    end = end_of_piece(part, from);
    const std::string_view piece = part.substr(from, end - from);
    if (cache.find(piece, ids)) continue;
    const size_t before = ids.size();
    encode_piece(piece, ids);
    cache.put(piece, ids, before);
  }
}

void ByteLevelBpe::encode_piece(std::string_view piece, std::vector<int32_t>& ids) const {
  std::vector<int32_t> parts;
  for (char c : piece) {
    const int32_t of_byte = of_byte_[static_cast<uint8_t>(c)];
    if (of_byte >= 0) parts.push_back(of_byte);
    else if (unknown_ >= 0) parts.push_back(unknown_);
  }
  // pieces are words: looking through all pairs each time costs less than a queue
  while (parts.size() > 1) {
    size_t best = 0;
    Merge merge{INT32_MAX, 0};
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      auto found = merges_.find(pair_of(parts[i], parts[i + 1]));
      if (found != merges_.end() && found->second.rank < merge.rank) best = i, merge = found->second;
    }
    if (merge.rank == INT32_MAX) break;
    parts[best] = merge.result;
    parts.erase(parts.begin() + static_cast<int64_t>(best) + 1);
  }
  ids.insert(ids.end(), parts.begin(), parts.end());
}

std::string ByteLevelBpe::decode(const std::vector<int32_t>& ids) const {
  static const auto byte_of = [] {
    std::unordered_map<char32_t, char> map;
    for (size_t b = 0; b < 256; ++b) map[byte_characters()[b]] = static_cast<char>(b);
    return map;
  }();
  std::string text, bytes;
  for (int32_t i : ids) {
    if (added_.special(i) || normalized_.special(i)) continue;
    const std::string& piece = token(i);
    bytes.clear();
    for (size_t at = 0; at < piece.size();) {
      auto found = byte_of.find(text::decode(piece, at));
      if (found == byte_of.end()) {  // an added token that is no writing of bytes
        bytes = piece;
        break;
      }
      bytes += found->second;
    }
    text += bytes;
  }
  return find_invalid(text) == std::string::npos ? text : repaired(text);
}

std::string ByteLevelBpe::describe() const { return "byte-level bpe: " + std::to_string(size()) + " tokens"; }

}  // namespace moonlab::text
