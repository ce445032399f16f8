#include "host/text/wordpiece.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::text {

namespace {

std::vector<AddedToken> with_normalized_contents(std::vector<AddedToken> list, const Normalizer& normalizer) {
  for (auto& t : list)
    if (t.normalized) t.content = normalized(t.content, normalizer);
  return list;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

// A piece with the blank before it, as the reference's decoder writes it.
void clean_up(std::string& piece) {
  using View = std::string_view;
  for (const auto& [what, by] : {std::pair<View, View>{" .", "."},
                                 {" ?", "?"},
                                 {" !", "!"},
                                 {" ,", ","},
                                 {" ' ", "'"},
                                 {" n't", "n't"},
                                 {" 'm", "'m"},
                                 {" do not", " don't"},
                                 {" 's", "'s"},
                                 {" 've", "'ve"},
                                 {" 're", "'re"}})
    replace_all(piece, what, by);
}

}  // namespace

WordPiece::WordPiece(std::vector<std::string> tokens, WordPieceOptions options)
    : options_(std::move(options)),
      added_(added_tokens(options_.added, false)),
      normalized_(added_tokens(with_normalized_contents(options_.added, options_.normalizer), true)) {
  set_tokens(std::move(tokens));
  if (id(options_.unknown) < 0) fail("tokenizer: the vocabulary has no unknown token '", options_.unknown, "'");
  if (options_.max_characters < 1) fail("tokenizer: max_input_chars_per_word must be 1 or more");
  unknown_ = static_cast<int32_t>(id(options_.unknown));
  pad_ = static_cast<int32_t>(std::max<int64_t>(0, id(options_.padding)));
  before_ = options_.before;
  after_ = options_.after;
  if (!options_.pair.empty()) pair_ = options_.pair;
  for (const auto* list : {&before_, &after_})
    for (int32_t i : *list) token(i);
  const std::string_view prefix = options_.prefix;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view token = tokens_[i];
    longest_ = std::max(longest_, token.size());
    if (token.substr(0, prefix.size()) == prefix) inside_[token.substr(prefix.size())] = static_cast<int32_t>(i);
  }
  const Normalizer& n = options_.normalizer;
  std::string about = "wordpiece ";
  for (bool flag : {n.clean, n.split_cjk, n.strip_accents, n.lower}) about += flag ? '1' : '0';
  about += " " + std::to_string(options_.max_characters) + " " + options_.prefix + " " + options_.unknown;
  for (const auto* list : {&before_, &after_})
    for (int32_t i : *list) about += " " + std::to_string(i);
  for (const auto* list : {&added_, &normalized_}) about += list->describe();
  set_fingerprint(about);
}

void WordPiece::encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const {
  auto token = [&](int32_t id) { ids.push_back(id); };
  added_.split(
      text,
      [&](std::string_view piece) {
        if (normalized_.empty()) return encode_words(piece, options_.normalizer, ids, cache);
        const Normalizer done{false, false, false, false};
        normalized_.split(
            normalized(piece, options_.normalizer),
            [&](std::string_view rest) { encode_words(rest, done, ids, cache); }, token);
      },
      token);
}

void WordPiece::encode_words(std::string_view text, const Normalizer& normalizer, std::vector<int32_t>& ids,
                             WordCache& cache) const {
  std::string buffer;
  split_words(text, normalizer, buffer, [&](std::string_view word) {
    if (cache.find(word, ids)) return;
    const size_t from = ids.size();
    encode_word(word, ids);
    cache.put(word, ids, from);
  });
}

void WordPiece::encode_word(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t first = ids.size();
  auto unknown = [&] {
    ids.resize(first);
    ids.push_back(unknown_);
  };
  // a character has at most four bytes: most words need no counting
  if (word.size() > static_cast<size_t>(options_.max_characters) &&
      count_characters(word) > static_cast<size_t>(options_.max_characters))
    return unknown();
  for (size_t from = 0; from < word.size();) {
    const auto& pieces = from == 0 ? ids_ : inside_;
    size_t length = std::min(word.size() - from, longest_);
    for (; length > 0; --length) {
      if (from + length < word.size() && (word[from + length] & 0xC0) == 0x80) continue;  // inside a character
      auto found = pieces.find(word.substr(from, length));
      if (found == pieces.end()) continue;
      ids.push_back(found->second);
      break;
    }
    if (length == 0) return unknown();
    from += length;
  }
}

std::string WordPiece::decode(const std::vector<int32_t>& ids) const {
  std::string text;
  bool first = true;
  for (int32_t i : ids) {
    if (added_.special(i) || normalized_.special(i)) continue;
    const std::string* found = normalized_.content(i);
    std::string piece = found ? *found : token(i);
    if (!first) piece = piece.starts_with(options_.prefix) ? piece.substr(options_.prefix.size()) : " " + piece;
    if (options_.cleanup) clean_up(piece);
    text += piece;
    first = false;
  }
  return text;
}

std::string WordPiece::describe() const {
  return "wordpiece: " + std::to_string(size()) + " tokens" + (options_.normalizer.lower ? ", lower case" : "");
}

}  // namespace moonlab::text
