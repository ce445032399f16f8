#include "host/text/tokenizer.hpp"

#include <algorithm>

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

Tokenizer::Pair Tokenizer::encode_pair(std::string_view a, std::string_view b, int64_t max_length,
                                       WordCache& cache) const {
  int64_t special = 0;
  for (const auto& part : pair_) special += static_cast<int64_t>(part.ids.size());
  const int64_t room = max_length - special;
  if (room < 1)
    fail("tokenizer: max_length ", max_length, " leaves no room for a token: ", special, " stand around two texts");
  std::vector<int32_t> of[2];
  encode(a, of[0], cache);
  encode(b, of[1], cache);
  const auto length = [&](int i) { return static_cast<int64_t>(of[i].size()); };
  if (length(0) + length(1) > room) {
    const int longer = length(0) > length(1);  // the place of the shorter one is 1 - longer's
    auto &small = of[longer ? 1 : 0], &large = of[longer ? 0 : 1];
    auto kept = static_cast<int64_t>(small.size());
    int64_t rest = kept > room ? kept : std::max(kept, room - kept);
    if (kept + rest > room) kept = room / 2, rest = room - kept;
    small.resize(std::min<size_t>(small.size(), kept));
    large.resize(std::min<size_t>(large.size(), rest));
  }
  Pair pair;
  for (const auto& part : pair_) {
    const auto& ids = part.kind == PairPart::kFirst ? of[0] : part.kind == PairPart::kSecond ? of[1] : part.ids;
    pair.ids.insert(pair.ids.end(), ids.begin(), ids.end());
    pair.types.insert(pair.types.end(), ids.size(), part.type);
  }
  return pair;
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
