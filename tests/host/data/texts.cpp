#include "host/data/texts_file.hpp"

#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include "data/files.hpp"
#include "host/data/join.hpp"
#include "host/data/loader.hpp"
#include "host/data/split.hpp"
#include "host/text/vocabulary.hpp"

using Catch::Contains;
using namespace moonlab::data;
using moonlab::text::Texts;

static Texts texts(const std::vector<std::string>& list) { return Texts(list); }
static at::Tensor longs(std::vector<int64_t> v) { return at::tensor(v); }

TEST_CASE("tables of texts in three formats, plain and packed") {
  Folder folder;
  const std::vector<std::filesystem::path> files{
      folder.write("a.csv", "id,title,body,topic\n1,\"Say \"\"hi\"\", now\",\"two\nlines\",x\n\n2,b,c,y\n"),
      folder.write_gz("a.tsv.gz", "id\ttitle\tbody\ttopic\n1\tSay \"hi\", now\ttwo\\nlines\tx\n2\tb\tc\ty\n"),
      folder.write("a.jsonl", "{\"title\": \"b\", \"body\": \"c\", \"topic\": 7}\n"
                              "{\"title\": \"d\", \"body\": \"e\", \"topic\": [\"x\", \"y\"]}\n")};
  TableOptions o;
  o.text = {"title", "body"};
  o.label = "topic";
  auto csv = read_text_table(files[0], o);
  CHECK(csv.texts[0] == "Say \"hi\", now two\nlines");
  CHECK(csv.texts[1] == "b c");
  CHECK(csv.labels == std::vector<std::vector<std::string>>{{"x"}, {"y"}});
  CHECK(csv.lines == std::vector<int64_t>{2, 5});
  CHECK(read_text_table(files[1], o).texts[0] == "Say \"hi\", now two\\nlines");
  auto json = read_text_table(files[2], o);
  CHECK(json.labels == std::vector<std::vector<std::string>>{{"7"}, {"x", "y"}});
  Dataset d = text_dataset("j", json, {});
  CHECK(d.class_names() == std::vector<std::string>{"7", "x", "y"});
  CHECK(d.labels().equal(longs({0, -1, 1, 2}).view({2, 2})));
  o.header = false;
  o.text = {"2"};
  o.label = "4";
  CHECK(read_text_table(files[0], o).texts.size() == 3);
}

TEST_CASE("a damaged table is answered with file and line") {
  Folder folder;
  TableOptions o;
  o.text = {"text"};
  o.label = "label";
  auto error = [&](const char* name, const std::string& content, const std::string& message) {
    const auto file = folder.write(name, content);
    CHECK_THROWS_WITH(read_text_table(file, o), file.string() + ": " + message);
  };
  error("a.tsv", "text\tlabel\na\tx\nb\n", "line 3: expected 2 columns, got 1");
  error("a.csv", "text,label\na,x\n\"b,y\n", "line 3: a quote is opened and never closed");
  error("a.csv", "text,label\n\"b\"c,y\n", "line 2: column 1: text after a closing quote");
  error("a.csv", "text,label\na,\n", "line 2: has no label");
  error("a.csv", "text,label\na\xFF,x\n", "line 2: byte 2 is no UTF-8");
  error("a.csv", "txt,label\na,x\n", "no column 'text'; did you mean 'txt'? (txt, label)");
  error("a.csv", "text,label\n", "holds no texts");
  error("a.csv", "", "holds no texts");
  error("a.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b", "line 2: no JSON, or cut short");
  error("a.jsonl", "{\"text\": \"a\", \"lable\": \"x\"}", "line 1: no key 'label'; did you mean 'lable'?");
  error("a.jsonl", "{\"text\": 1, \"label\": \"x\"}", "line 1: 'text' is no text");
  error("a.jsonl", "{\"text\": \"a\", \"label\": 1.5}",
        "line 1: 'label' is no label: a text, a whole number, or a list of them");
  CHECK_THROWS_WITH(read_text_table(folder.write("a.dat", "x"), o), Contains("its ending does not tell the format"));
  o.separator = ";";
  error("a.csv", "text,label\na,x; ;y\n", "line 2: an empty label in 'x; ;y'");
  auto twice = read_text_table(folder.write("t.csv", "text,label\na,x;y\nb,y;y\n"), o);
  CHECK_THROWS_WITH(text_dataset("t", twice, {}), Contains("t.csv: line 3: label 'y' is given twice"));
  CHECK_THROWS_WITH(text_dataset("t", twice, {"xx", "y"}),
                    Contains("t.csv: line 2: unknown label 'x'; did you mean 'xx'?"));
}

TEST_CASE("TREC's lines and CLINC's splits") {
  Folder folder;
  const auto file = folder.write("t.label", "HUM:ind Who is it ?\nNUM:date When ?\n");
  CHECK(read_trec(file, true).labels == std::vector<std::vector<std::string>>{{"HUM:ind"}, {"NUM:date"}});
  CHECK(read_trec(file, false).labels[1][0] == "NUM");
  CHECK(read_trec(file, true).texts[0] == "Who is it ?");
  for (const char* bad : {"HUM:ind\n", "HUM ind ?\n", "HUM: x\n", ":ind x\n", "HUM:ind \n"})
    CHECK_THROWS_WITH(read_trec(folder.write("b.label", std::string("A:b c\n") + bad), true),
                      Contains("line 2: expected"));
  auto splits = read_text_splits(folder.write("s.json", "{\"train\": [[\"a\", \"x\"]], \"test\": []}"));
  CHECK(splits.at("train").texts[0] == "a");
  CHECK(splits.at("test").texts.size() == 0);
  CHECK_THROWS_WITH(read_text_splits(folder.write("c.json", "{\"train\": [\n[\"a\", \"x\"],\n[\"b")),
                    Contains("line 3: the JSON is cut short"));
  CHECK_THROWS_WITH(read_text_splits(folder.write("c.json", "{\"train\": [[\"a\"]]}")),
                    Contains("train: entry 1 is no [text, label]"));
}

// Four texts with up to two of three labels.
static Dataset several() {
  return Dataset(make_text_samples("t", texts({"a a b", "b", "c b a", "a"}),
                                   longs({0, 1, 2, -1, 1, 2, 0, -1}).view({4, 2}), {"x", "y", "z"}, "t"));
}

TEST_CASE("samples of several labels: counts, only, relabel, strata") {
  Dataset d = several();
  CHECK(d.several());
  CHECK(d.counts() == std::vector<int64_t>{2, 2, 2});
  CHECK(d.describe() == "t: 4 texts of 3 classes");
  Dataset only = d.only({"z", "y"});
  CHECK(only.rows().equal(longs({0, 1, 2})));
  CHECK(only.labels().equal(longs({1, -1, 0, -1, 1, 0}).view({3, 2})));
  Dataset coarse = d.relabel({{"xy", {"x", "y"}}, {"z", {"z"}}});
  CHECK(coarse.labels().equal(longs({0, -1, 1, -1, 0, 1, 0, -1}).view({4, 2})));
  Amount one;
  one.per_class = 1;
  CHECK(Partition(d, 0).take_front(one, "train").size() == 3);  // strata are the first labels: x, y, z
  auto bad = [](std::vector<int64_t> labels, const char* message) {
    CHECK_THROWS_WITH(make_text_samples("t", texts({"a"}), at::tensor(labels).view({1, -1}), {"x", "y"}, "f"), message);
  };
  bad({0, 2}, "f: text 0: label 2 is out of range: 2 classes");
  bad({-1, 0}, "f: text 0: label -1 is out of range: 2 classes");
  bad({0, -1, 1}, "f: text 0: a label after the end of its row");
  bad({1, 1}, "f: text 0: label 1 is given twice");
}

TEST_CASE("a loader of texts pads, masks and lays out several labels") {
  Dataset d = several();
  auto words = moonlab::text::train_vocabulary({{d.samples().texts, d.rows()}}, {});  // a = 2, b = 3, c = 4
  SamplerOptions options;
  options.batch = 2;
  options.shuffle = false;
  Loader loader({{d, {5, 6, 7}, true, {}}}, options, at::kCPU, {words, 2}, 9);
  loader.begin(0);
  Batch b = *loader.next();
  CHECK(b.x.equal(longs({2, 2, 3, 0}).view({2, 2})));  // cut to two words
  CHECK(b.mask.equal(longs({1, 1, 1, 0}).view({2, 2}).to(at::kBool)));
  CHECK(b.y.equal(longs({5, 6, 7, -1}).view({2, 2})));
  CHECK(b.t.sizes() == at::IntArrayRef({2, 9}));
  CHECK(b.t.nonzero().equal(longs({0, 5, 0, 6, 1, 7}).view({3, 2})));
  b = *loader.next();
  CHECK(b.idx.equal(longs({2, 3})));
  CHECK(!loader.next());
  Dataset one(make_text_samples("u", texts({"a", "b"}), longs({0, 1}), {"x", "y"}, "u"));
  Loader plain({{one, {}, true, {}}}, options, at::kCPU, {words, 2});
  plain.begin(0);
  b = *plain.next();
  CHECK(b.y.equal(longs({0, 1})));
  CHECK(!b.t.defined());
  Loader both({{one, {}, true, {}}, {d, {}, true, {}}}, options, at::kCPU, {words, 2});
  both.begin(0);
  CHECK(both.next()->y.equal(longs({0, -1, 1, -1}).view({2, 2})));
  const at::Tensor features = at::rand({2, 3});
  Loader computed({{one, {}, true, features}}, options);
  computed.begin(0);
  CHECK(computed.next()->x.equal(features));
  CHECK_THROWS_WITH(Loader({{one, {}, true, {}}}, options), "loader: 'u' holds texts: give a tokenizer");
  Dataset images(make_samples("i", at::zeros({1, 1, 1, 1}, at::kByte), longs({0}), {"x"}, "i"));
  CHECK_THROWS_WITH(Loader({{one, {}, true, {}}, {images, {}, true, {}}}, options, at::kCPU, {words, 2}),
                    "loader: 'u' holds texts, 'i' images");
  CHECK_THROWS_WITH(Loader({{d, {}, true, {}}}, options, at::kCPU, {words, 2}, 2), Contains("but classes = 2"));
  CHECK_THROWS_WITH(one.images(), "'u' holds texts, not images");
  CHECK_THROWS_WITH(images.texts(), "'i' holds images, not texts");
}

TEST_CASE("equal texts of two origins are found") {
  Dataset a(make_text_samples("a", texts({"one", "two"}), longs({0, 0}), {"x"}, "a"));
  Dataset b(make_text_samples("b", texts({"two", "three"}), longs({0, 0}), {"x"}, "b"));
  CHECK(shared(a, b).size() == 1);
  CHECK(shared(a, a).size() == 2);
  Dataset images(make_samples("i", at::zeros({1, 1, 1, 1}, at::kByte), longs({0}), {"x"}, "i"));
  CHECK(shared(a, images).empty());
  CHECK(a.fingerprint() != b.fingerprint());
}
