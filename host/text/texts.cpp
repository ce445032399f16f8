#include "host/text/texts.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "host/interrupt.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::text {

Texts::Texts(const std::vector<std::string>& texts) {
  for (const auto& t : texts) add(t);
}

void Texts::add(std::string_view text) {
  bytes_ += text;
  ends_.push_back(static_cast<int64_t>(bytes_.size()));
}

void Texts::extend(std::string_view text) {
  bytes_ += text;
  ends_.back() = static_cast<int64_t>(bytes_.size());
}

at::Tensor Tokens::by_length(const at::Tensor& rows) const {
  const auto *o = offsets.const_data_ptr<int64_t>(), *row = rows.const_data_ptr<int64_t>();
  std::vector<int64_t> order(rows.numel());
  std::iota(order.begin(), order.end(), int64_t{0});
  auto length = [&](int64_t i) { return o[row[i] + 1] - o[row[i]]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return length(a) > length(b); });
  return at::tensor(order);
}

Tokens tokenize(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length) {
  tokenizer.check_length(max_length);
  const int64_t n = texts.size(), threads = at::get_num_threads();
  const int64_t portions = std::max<int64_t>(1, std::min(threads, n / 64));
  std::vector<std::vector<int32_t>> ids(portions);
  Tokens tokens{{}, at::empty({n + 1}, at::kLong)};
  auto* length = tokens.offsets.mutable_data_ptr<int64_t>();
  length[0] = 0;
  at::parallel_for(0, portions, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      WordCache cache;
      for (int64_t i = n * p / portions; i < n * (p + 1) / portions; ++i) {
        if (p == 0 && i % 256 == 0) poll_interrupt();
        const auto of_text = tokenizer.encode_whole(texts[i], max_length, cache);
        ids[p].insert(ids[p].end(), of_text.begin(), of_text.end());
        length[i + 1] = static_cast<int64_t>(of_text.size());
      }
    }
  });
  for (int64_t i = 0; i < n; ++i) length[i + 1] += length[i];
  tokens.ids = at::empty({length[n]}, at::kInt);
  auto* to = tokens.ids.mutable_data_ptr<int32_t>();
  for (const auto& part : ids) to = std::copy(part.begin(), part.end(), to);
  return tokens;
}

std::shared_ptr<const Tokens> TokenCache::get(const Texts& texts, const Tokenizer& tokenizer, int64_t max_length) {
  std::lock_guard lock(mutex_);
  auto& place = tokens_[{tokenizer.fingerprint(), max_length}];
  if (!place) place = std::make_shared<const Tokens>(tokenize(texts, tokenizer, max_length));
  return place;
}

}  // namespace moonlab::text
