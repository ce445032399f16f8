#include "host/text/bpe.hpp"

#include <catch2/catch.hpp>

#include "data/files.hpp"
#include "host/text/tokenizer_file.hpp"

using Catch::Contains;
using namespace moonlab::text;
using Ids = std::vector<int32_t>;

static std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string> list;
  for (size_t from = 0, end; from < text.size(); from = end) {
    end = end_of_piece(text, from);
    list.emplace_back(text.substr(from, end - from));
  }
  return list;
}
using List = std::vector<std::string>;

TEST_CASE("texts are cut by GPT-2's rule") {
  CHECK(pieces("Hello world") == List{"Hello", " world"});
  CHECK(pieces("I'm you'll 'S") == List{"I", "'m", " you", "'ll", " '", "S"});
  CHECK(pieces("a  b") == List{"a", " ", " b"});
  CHECK(pieces("a \n\n b ") == List{"a", " \n\n", " b", " "});
  CHECK(pieces("a\tb") == List{"a", "\t", "b"});
  CHECK(pieces("abc123 456,.!x") == List{"abc", "123", " 456", ",.!", "x"});
  CHECK(pieces("é東京 ½²") == List{"é東京", " ½²"});
  CHECK(pieces("\u3000x") == List{"\u3000", "x"});
  CHECK(pieces("   ") == List{"   "});
  CHECK(pieces("e\u0301") == List{"e", "\u0301"});  // a mark is no letter
}

static ByteLevelBpe small(bool prefix_space = false) {
  BpeOptions o;
  o.merges = {{"l", "l"}, {"h", "e"}, {"he", "ll"}, {"Ġ", "he"}, {"Ã", "©"}};
  o.prefix_space = prefix_space;
  o.added = {{"<mask>", 12, true, false, true, false}};
  o.padding = std::string(1, 'h');
  return {{"h", "e", "l", "o", "ll", "he", "hell", "Ġ", "Ġhe", "Ã", "©", "Ã©", "<mask>"}, o};
}

static Ids ids(const Tokenizer& t, std::string_view text) {
  WordCache cache;
  return t.encode_whole(text, 1000, cache);
}

TEST_CASE("pairs are merged in the order of training") {
  const auto t = small();
  CHECK(ids(t, "hello") == Ids{6, 3});
  CHECK(ids(t, " hello") == Ids{7, 6, 3});  // "hell" was merged before " he"
  CHECK(ids(t, " heo") == Ids{8, 3});
  CHECK(ids(t, "é") == Ids{11});
  CHECK(ids(t, "lll") == Ids{4, 2});
  CHECK(ids(t, "o  <mask>o") == Ids{3, 12, 3});  // takes the blanks before it
  CHECK(ids(t, "hzo") == Ids{0, 3});             // a byte without a token, and no unknown one
  CHECK(ids(t, "") == Ids{0});
  CHECK(ids(small(true), "hello") == ids(t, " hello"));
  CHECK(t.decode(ids(t, "hello é")) == "hello é");
  CHECK(ids(t, "hello hello") == Ids{6, 3, 7, 6, 3});
}

TEST_CASE("a tokenizer.json of byte-level BPE, with merges in both forms") {
  Folder folder;
  const std::string head = R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "model": {"type": "BPE",
    "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3, "</s>": 4}, "merges": )";
  const std::string tail = R"(}, "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 4], "cls": ["<s>", 0]}})";
  for (const char* merges : {R"(["a b"])", R"([["a", "b"]])"}) {
    auto t = read_tokenizer(folder.write("t.json", head + merges + tail));
    CHECK(ids(*t, "abba") == Ids{0, 3, 2, 1, 4});
  }
  auto refuses = [&](const std::string& content, const char* message) {
    CHECK_THROWS_WITH(read_tokenizer(folder.write("t.json", content)), Contains("t.json: ") && Contains(message));
  };
  refuses(head + R"(["a c"])" + tail, "merge 1, 'a c': c is no token");
  refuses(head + R"(["b a"])" + tail, "merge 1, 'b a': ba is no token");
  refuses(head + R"(["ab"])" + tail, "merge 1 is no pair");
  refuses(head + "7" + tail, "'merges' is no list");
  refuses(R"({"pre_tokenizer": {"type": "Metaspace"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})", "'Metaspace' is not known");
}
