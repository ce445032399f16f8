#include "host/text/wordpiece.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <catch2/catch.hpp>

#include "data/files.hpp"
#include "host/text/texts.hpp"
#include "host/text/tokenizer_file.hpp"

using Catch::Contains;
using namespace moonlab::text;
using Ids = std::vector<int32_t>;

static const std::string kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nwant\n##ed\n,\n東\n##京\ne\n##e\naffable\n";

static Ids ids(const Tokenizer& t, std::string_view text, int64_t most = 1000) {
  WordCache cache;
  return t.encode_whole(text, most, cache);
}

TEST_CASE("words are cut greedily, longest piece first, between the special tokens") {
  Folder folder;
  auto t = read_tokenizer(folder.write("vocab.txt", kVocabulary));
  CHECK(t->size() == 16);
  CHECK(ids(*t, "UNaffable, wanted") == Ids{2, 5, 6, 7, 10, 8, 9, 3});
  CHECK(ids(*t, "unwanted") == Ids{2, 1, 3});   // "##want" is no piece: the whole word is unknown
  CHECK(ids(*t, "affable") == Ids{2, 15, 3});   // the longest piece, not "##aff"
  CHECK(ids(*t, "é東京") == Ids{2, 13, 11, 1, 3});  // every Chinese character is a word: 京 begins one
  CHECK(ids(*t, "want [MASK]ed") == Ids{2, 8, 4, 1, 3});
  CHECK(ids(*t, "[mask]") == Ids{2, 1, 1, 1, 3});
  CHECK(ids(*t, "") == Ids{2, 3});
  CHECK(ids(*t, "un un un un", 4) == Ids{2, 5, 5, 3});
  CHECK_THROWS_WITH(ids(*t, "un", 2), Contains("max_length 2 leaves no room"));
  CHECK(t->decode({2, 5, 6, 7, 10, 3}) == "unaffable,");
}

TEST_CASE("a word of more than a hundred characters, not bytes, is unknown") {
  Folder folder;
  auto t = read_tokenizer(folder.write("vocab.txt", kVocabulary));
  auto word = [](int n) {
    std::string s;
    for (int i = 0; i < n; ++i) s += "é";
    return s;
  };
  CHECK(ids(*t, word(100)).size() == 102);
  CHECK(ids(*t, word(101)) == Ids{2, 1, 3});
}

TEST_CASE("a tokenizer.json gives the same ids as the vocab.txt of its model") {
  Folder folder;
  std::string vocab;
  size_t from = 0, id = 0;
  for (size_t end; (end = kVocabulary.find('\n', from)) != std::string::npos; from = end + 1, ++id)
    vocab += (id ? ", \"" : "\"") + kVocabulary.substr(from, end - from) + "\": " + std::to_string(id);
  const std::string rest = R"("normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
    "strip_accents": null, "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"},
    "added_tokens": [{"id": 4, "content": "[MASK]", "special": true, "lstrip": true}],
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}},
      {"SpecialToken": {"id": "[SEP]"}}], "special_tokens": {"[CLS]": {"ids": [2]}, "[SEP]": {"ids": [3]}}},)";
  const std::string model = R"("model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {)" + vocab + "}}}";
  auto json = read_tokenizer(folder.write("tokenizer.json", "{" + rest + model));
  auto text = read_tokenizer(folder.write("vocab.txt", kVocabulary));
  for (const char* sample : {"UNaffable, wanted", "unwanted 東京é", "", "want [MASK] wanted"})
    CHECK(ids(*json, sample) == ids(*text, sample));
  CHECK(read_tokenizer(folder.path)->fingerprint() == json->fingerprint());  // the folder's tokenizer.json comes first
  CHECK(json->fingerprint() != text->fingerprint());
}

TEST_CASE("broken vocabularies are refused by name") {
  Folder folder;
  auto refuses = [&](const char* name, const std::string& content, const std::string& message) {
    const auto file = folder.write(name, content);
    CHECK_THROWS_WITH(read_tokenizer(file), Contains(file.string()) && Contains(message));
  };
  refuses("vocab.txt", "", "holds no tokens");
  refuses("vocab.txt", "a\nb\n", "no token '[CLS]'");
  refuses("vocab.txt", "[CLS]\n[SEP]\na\xFF\n", "line 3: the token is no UTF-8");
  refuses("t.json", "{\"model\": {", "no JSON, or cut short");
  refuses("t.json", "[]", "expected a JSON object");
  refuses("t.json", "{}", "normalizer");
  const std::string head = R"({"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"}, "model": )";
  refuses("t.json", head + "{}}", "no vocabulary");
  refuses("t.json", head + R"({"vocab": {"a": 0, "[UNK]": 0}}})", "id 0 is given twice");
  refuses("t.json", head + R"({"vocab": {"a": -1}}})", "is no small number");
  refuses("t.json", head + R"({"vocab": {"a": 99999999, "[UNK]": 0}}})", "far beyond");
  refuses("t.json", head + R"({"vocab": {"a": 0}}})", "no unknown token '[UNK]'");
  refuses("t.json", head + R"({"type": "Unigram", "vocab": []}})", "'Unigram' is not known");
  CHECK_THROWS_WITH(read_tokenizer(folder.path / "none.txt"), Contains("cannot read"));
  std::filesystem::create_directory(folder.path / "empty");
  CHECK_THROWS_WITH(read_tokenizer(folder.path / "empty"), Contains("neither tokenizer.json nor vocab.txt"));
}

TEST_CASE("texts are tokenised alike by one thread and by several, once") {
  Folder folder;
  auto t = read_tokenizer(folder.write("vocab.txt", kVocabulary));
  Texts texts;
  for (int i = 0; i < 500; ++i) texts.add(i % 3 ? "unaffable wanted," : std::string(i % 7, 'e'));
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tokens one = tokenize(texts, *t, 6);
  at::set_num_threads(4);
  const Tokens four = tokenize(texts, *t, 6);
  at::set_num_threads(threads);
  CHECK(one.ids.equal(four.ids));
  CHECK(one.offsets.equal(four.offsets));
  CHECK(one.size() == 500);
  CHECK((one.offsets.diff() <= 6).all().item<bool>());
  TokenCache cache;
  CHECK(cache.get(texts, *t, 6) == cache.get(texts, *t, 6));
  CHECK(cache.get(texts, *t, 6) != cache.get(texts, *t, 7));
  const at::Tensor order = one.by_length(at::arange(500, at::kLong));
  CHECK((one.offsets.diff().index_select(0, order).diff() <= 0).all().item<bool>());
}
