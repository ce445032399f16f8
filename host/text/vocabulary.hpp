// A vocabulary of words, counted in training texts.
#pragma once

#include <memory>

#include "host/text/texts.hpp"
#include "host/text/tokenizer.hpp"
#include "host/text/words.hpp"

namespace moonlab::text {

struct VocabularyOptions {
  int64_t min_count = 1;     // words that are rarer are unknown
  int64_t max_size = 50000;  // most ids, <pad> and <unk> included: the most frequent words
  bool lower = true;
};

/// Id 0 is <pad>, 1 is <unk>; then the words by falling count, equal counts in the order of their bytes. Words are
/// split as BERT's basic tokenizer does it, accents kept.
class Vocabulary : public Tokenizer {
 public:
  /// Words in the order of their ids, from 2 on.
  Vocabulary(std::vector<std::string> words, bool lower);

  void encode(std::string_view text, std::vector<int32_t>& ids, WordCache& cache) const override;
  std::string decode(const std::vector<int32_t>& ids) const override;
  std::string describe() const override;

 private:
  Normalizer normalizer_;
};

/// Some of many texts: those at `rows` (long [n]).
struct TextRows {
  const Texts& texts;
  at::Tensor rows;
};

/// Counts the words of all these texts. Errors: options below 1, no word left.
std::shared_ptr<Vocabulary> train_vocabulary(const std::vector<TextRows>& parts, const VocabularyOptions& options);

}  // namespace moonlab::text
