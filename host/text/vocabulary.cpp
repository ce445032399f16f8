#include "host/text/vocabulary.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::text {

namespace {

Normalizer normalizer(bool lower) { return {true, true, /*strip_accents=*/false, lower}; }

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> words, bool lower) : normalizer_(normalizer(lower)) {
  words.insert(words.begin(), {"<pad>", "<unk>"});
  set_tokens(std::move(words));
  pad_ = 0;
  unknown_ = 1;
  set_fingerprint(lower ? "words, lower case" : "words");
}

void Vocabulary::encode(std::string_view text, std::vector<int32_t>& ids, WordCache&) const {
  std::string buffer;
  split_words(text, normalizer_, buffer, [&](std::string_view word) {
    const int64_t found = id(word);
    ids.push_back(found < 2 ? unknown_ : static_cast<int32_t>(found));  // "<pad>" in a text is no padding
  });
}

std::string Vocabulary::decode(const std::vector<int32_t>& ids) const {
  std::string text;
  for (int32_t i : ids)
    if (i != pad_) text += (text.empty() ? "" : " ") + token(i);
  return text;
}

std::string Vocabulary::describe() const {
  return "vocabulary: " + std::to_string(size()) + " words" + (normalizer_.lower ? ", lower case" : "");
}

std::shared_ptr<Vocabulary> train_vocabulary(const std::vector<TextRows>& parts, const VocabularyOptions& o) {
  if (o.min_count < 1) fail("vocabulary: min_count must be at least 1, got ", o.min_count);
  if (o.max_size < 3) fail("vocabulary: max_size must be at least 3 (<pad>, <unk> and a word), got ", o.max_size);
  std::unordered_map<std::string, int64_t> counts;
  std::string buffer, key;
  int64_t texts = 0;
  for (const auto& part : parts) {
    const auto* row = part.rows.const_data_ptr<int64_t>();
    texts += part.rows.numel();
    for (int64_t i = 0; i < part.rows.numel(); ++i)
      split_words(part.texts[row[i]], normalizer(o.lower), buffer,
                  [&](std::string_view word) { ++counts[key.assign(word)]; });
  }
  std::vector<std::pair<int64_t, std::string>> order;
  for (auto& [word, count] : counts)
    if (count >= o.min_count && word != "<pad>" && word != "<unk>") order.emplace_back(-count, word);
  if (order.empty()) fail("vocabulary: no word occurs ", o.min_count, " times in ", texts, " texts");
  std::sort(order.begin(), order.end());
  if (static_cast<int64_t>(order.size()) > o.max_size - 2) order.resize(o.max_size - 2);
  std::vector<std::string> words;
  for (auto& [count, word] : order) words.push_back(std::move(word));
  return std::make_shared<Vocabulary>(std::move(words), o.lower);
}

}  // namespace moonlab::text
