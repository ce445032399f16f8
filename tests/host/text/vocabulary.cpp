#include "host/text/vocabulary.hpp"

#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include "host/text/batch.hpp"

using namespace moonlab::text;

static const Texts kTexts{{"The cat, the DOG", "a cat the rat", "never counted zebra"}};

static std::shared_ptr<Vocabulary> train(VocabularyOptions options = {}) {
  return train_vocabulary({{kTexts, at::tensor({0, 1}, at::kLong)}}, options);
}
static std::vector<std::string> words(const Tokenizer& t) {
  std::vector<std::string> list;
  for (int64_t i = 0; i < t.size(); ++i) list.push_back(t.token(i));
  return list;
}

TEST_CASE("words come by count, then by their bytes, after <pad> and <unk>") {
  CHECK(words(*train()) == std::vector<std::string>{"<pad>", "<unk>", "the", "cat", ",", "a", "dog", "rat"});
  CHECK(words(*train({2, 50000, true})) == std::vector<std::string>{"<pad>", "<unk>", "the", "cat"});
  CHECK(words(*train({1, 3, true})) == std::vector<std::string>{"<pad>", "<unk>", "the"});
  CHECK(words(*train({1, 5, false})) == std::vector<std::string>{"<pad>", "<unk>", "cat", "the", ","});
  CHECK_THROWS_WITH(train({9, 50000, true}), "vocabulary: no word occurs 9 times in 2 texts");
  CHECK_THROWS_WITH(train({0, 50000, true}), Catch::Contains("min_count"));
  CHECK_THROWS_WITH(train({1, 2, true}), Catch::Contains("max_size"));
}

TEST_CASE("unknown words, padding that a text spells and empty texts") {
  auto v = train();
  WordCache cache;
  CHECK(v->encode_whole("Zebra the <pad>", 10, cache) == std::vector<int32_t>{1, 2, 1, 1, 1});
  CHECK(v->encode_whole("", 10, cache) == std::vector<int32_t>{1});
  CHECK(v->encode_whole("the the the", 2, cache) == std::vector<int32_t>{2, 2});
  CHECK(v->decode({2, 3, 0}) == "the cat");
  CHECK(v->fingerprint() == train()->fingerprint());
  CHECK(v->fingerprint() != train({2, 50000, true})->fingerprint());
}

TEST_CASE("a batch is as long as its longest text, with a mask") {
  auto [x, mask] = encode_batch(kTexts, *train(), 3);
  CHECK(x.equal(at::tensor({2, 3, 4, 5, 3, 2, 1, 1, 1}, at::kLong).view({3, 3})));
  CHECK(mask.all().item<bool>());
  auto [y, part] = encode_batch(Texts({{"the"}, {"a cat"}}), *train(), 3);
  CHECK(y.equal(at::tensor({2, 0, 5, 3}, at::kLong).view({2, 2})));
  CHECK(part.equal(at::tensor({1, 0, 1, 1}, at::kLong).view({2, 2}).to(at::kBool)));
}
