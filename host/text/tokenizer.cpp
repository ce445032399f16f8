#include "host/text/tokenizer.hpp"

#include "host/error.hpp"
#include "host/hash.hpp"

namespace moonlab::text {

bool WordCache::find(std::string_view word, std::vector<int32_t>& ids) const {
  auto found = places_.find(word);
  if (found == places_.end()) return false;
  const auto [from, count] = found->second;
  ids.insert(ids.end(), ids_.begin() + from, ids_.begin() + from + count);
  return true;
}

void WordCache::put(std::string_view word, const std::vector<int32_t>& ids, size_t from) {
  // a text without end of new words must not grow without end
  if (places_.size() > 200000) {
    places_.clear();
    ids_.clear();
  }
  places_.emplace(word, std::pair(static_cast<uint32_t>(ids_.size()), static_cast<uint32_t>(ids.size() - from)));
  ids_.insert(ids_.end(), ids.begin() + static_cast<int64_t>(from), ids.end());
}

const std::string& Tokenizer::token(int64_t id) const {
  if (id < 0 || id >= size()) fail("tokenizer: id ", id, " is out of range: ", size(), " tokens");
  return tokens_[id];
}

int64_t Tokenizer::id(std::string_view token) const {
  auto found = ids_.find(token);
  return found == ids_.end() ? -1 : found->second;
}

void Tokenizer::check_length(int64_t max_length) const {
  const auto special = static_cast<int64_t>(before_.size() + after_.size());
  if (max_length <= special)
    fail("tokenizer: max_length ", max_length, " leaves no room for a token: ", special, " stand around every text");
}

std::vector<int32_t> Tokenizer::encode_whole(std::string_view text, int64_t max_length, WordCache& cache) const {
  check_length(max_length);
  std::vector<int32_t> ids = before_;
  encode(text, ids, cache);
  const size_t most = static_cast<size_t>(max_length) - after_.size();
  if (ids.size() > most) ids.resize(most);
  ids.insert(ids.end(), after_.begin(), after_.end());
  if (ids.empty()) ids.push_back(unknown_ >= 0 ? unknown_ : pad_);
  return ids;
}

void Tokenizer::set_tokens(std::vector<std::string> tokens) {
  tokens_ = std::move(tokens);
  ids_.clear();
  ids_.reserve(tokens_.size());
  for (size_t i = 0; i < tokens_.size(); ++i) ids_[tokens_[i]] = static_cast<int32_t>(i);
}

void Tokenizer::set_fingerprint(const std::string& kind_and_options) {
  Sha256 hash;
  hash.update(kind_and_options);
  for (const auto& token : tokens_) {
    hash.update("\n");
    hash.update(token);
  }
  fingerprint_ = hash.hex();
}

}  // namespace moonlab::text
