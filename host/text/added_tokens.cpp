#include "host/text/added_tokens.hpp"

#include <algorithm>

#include "host/text/unicode.hpp"

namespace moonlab::text {

namespace {

bool word_character(char32_t c) { return c == '_' || classes(c) & (kLetter | kNumber | kMark); }

// Whether a character of a word ends at `at`, or begins there.
bool word_before(std::string_view text, size_t at) {
  if (at == 0) return false;
  do --at;
  while (at > 0 && (text[at] & 0xC0) == 0x80);
  return word_character(decode(text, at));
}
bool word_after(std::string_view text, size_t at) { return at < text.size() && word_character(decode(text, at)); }

}  // namespace

bool AddedTokens::inside_word(std::string_view text, size_t begin, size_t end) {
  return word_before(text, begin) || word_after(text, end);
}

// Where the white space that ends at `at` begins.
size_t AddedTokens::space_before(std::string_view text, size_t at, size_t least) {
  while (at > least) {
    size_t begin = at - 1;
    while (begin > least && (text[begin] & 0xC0) == 0x80) --begin;
    size_t end = begin;
    if (!(classes(decode(text, end)) & kSpace)) break;
    at = begin;
  }
  return at;
}

size_t AddedTokens::space_after(std::string_view text, size_t at) {
  for (size_t end = at; at < text.size(); at = end)
    if (!(classes(decode(text, end)) & kSpace)) break;
  return at;
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& t) { return t.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
  for (const auto& t : tokens_) first_[static_cast<uint8_t>(t.content[0])] = true;
}

AddedTokens added_tokens(const std::vector<AddedToken>& list, bool normalized) {
  std::vector<AddedToken> chosen;
  for (const auto& t : list)
    if (t.normalized == normalized) chosen.push_back(t);
  return AddedTokens(std::move(chosen));
}

bool AddedTokens::special(int32_t id) const {
  return std::any_of(tokens_.begin(), tokens_.end(), [id](const AddedToken& t) { return t.id == id && t.special; });
}

const std::string* AddedTokens::content(int32_t id) const {
  for (const auto& t : tokens_)
    if (t.id == id) return &t.content;
  return nullptr;
}

std::string AddedTokens::describe() const {
  std::string text;
  for (const auto& t : tokens_) {
    text += "\n" + t.content + " " + std::to_string(t.id) + " ";
    for (bool flag : {t.single_word, t.strip_left, t.strip_right, t.normalized}) text += flag ? '1' : '0';
  }
  return text;
}

const AddedToken* AddedTokens::longest(std::string_view text, size_t at) const {
  for (const auto& t : tokens_)
    if (text.substr(at, t.content.size()) == t.content) return &t;
  return nullptr;
}

}  // namespace moonlab::text
