#include "host/graph/import.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "host/error.hpp"
#include "host/graph/import_wordnet.hpp"
#include "host/graph/path_table.hpp"

using namespace moonlab;
using namespace moonlab::graph;

namespace {

/// A file that is gone afterwards.
struct File {
  File(const std::string& name, const std::string& text)
      : path((std::filesystem::temp_directory_path() / (std::to_string(getpid()) + name)).string()) {
    std::ofstream(path) << text;
  }
  ~File() { std::filesystem::remove(path); }
  std::string path;
};

using Edges = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("edges as lines: separators, header, quotes, comments, blocks") {
  const Edges edges{{"animal", "cat"}, {"animal", "dog"}, {"cat", "short, soft"}};
  for (const char* text : {"animal,cat,species\nanimal,dog,species\ncat,\"short, soft\"\n",
                           "# pets\n\nblock;child;parent\nspecies;cat;animal\nspecies;dog;animal\n;\"short, soft\";cat\n",
                           "\xef\xbb\xbfparent\tchild\tblock\r\nanimal\tcat\tspecies\r\nanimal\tdog\tspecies\r\ncat\tshort, soft\t\r\n"}) {
    File file("edges.csv", text);
    const Description d = import_csv(file.path, {});
    CHECK(d.root == "animal");
    CHECK(d.edges == edges);
    CHECK(d.blocks == Edges{{"cat", "species"}, {"dog", "species"}});
    CHECK(d.labels == std::vector<std::string>{"dog", "short, soft"});
  }
}

TEST_CASE("mistakes of a CSV file are told with file and line") {
  File half("half.csv", "a,b\nc\n"), quote("quote.csv", "a,b\n\"c,d\n"), two("two.csv", "a,b\nc,d\n"), round("round.csv", "a,b\nb,a\n");
  CHECK_THROWS_WITH(import_csv(half.path, {}), half.path + ":2: an edge is parent,child, got 'c'");
  CHECK_THROWS_WITH(import_csv(quote.path, {}), quote.path + ":2: a quote is not closed");
  CHECK_THROWS_WITH(import_csv(two.path, {}), two.path + ": 2 nodes have no parent (a, c); give root = to say which is the root");
  CHECK_THROWS_WITH(import_csv(round.path, {}), Catch::Contains("there is no root"));
  CHECK_THROWS_WITH(import_csv("/no/such.csv", {}), "graph.csv: cannot read /no/such.csv");
  CHECK_THROWS_WITH(import_csv(two.path, {"b", {}, false}), Catch::Contains("the root 'b' has no children"));
}

TEST_CASE("DOT: chains, braces, clusters, attributes, comments; what to_dot writes comes back") {
  File file("pets.dot", R"(/* pets */ digraph "pets" {
    rankdir = LR; node [shape=ellipse];   // of no interest
    animal -> { cat dog } [color=red];
    subgraph cluster_species { label="species"; cat; dog }
    cat -> short -> "british \"blue\"";
    "british \"blue\"" [shape=box, block=breed];
    # the end
  })");
  const Description d = import_dot(file.path, {});
  CHECK(d.root == "animal");
  CHECK(d.edges == Edges{{"animal", "cat"}, {"animal", "dog"}, {"cat", "short"}, {"short", "british \"blue\""}});
  CHECK(d.blocks == Edges{{"cat", "species"}, {"dog", "species"}, {"british \"blue\"", "breed"}});
  CHECK(d.labels == std::vector<std::string>{"british \"blue\""});
  const LabelGraph g(d);
  File again("again.dot", g.to_dot());
  CHECK(LabelGraph(import_dot(again.path, {})).to_dot() == g.to_dot());
}

TEST_CASE("mistakes of a DOT file are told with file and line") {
  auto refused = [](const std::string& text, const std::string& what) {
    File file("bad.dot", text);
    CHECK_THROWS_WITH(import_dot(file.path, {}), file.path + what);
  };
  refused("graph { a -- b }", ":1: an undirected graph; a label graph is a digraph, got 'graph'");
  refused("digraph {\n a -> ;\n}", ":2: expected a name, got ';'");
  refused("digraph {\n a -> b\n", ":3: expected a name, got the end of the file");
  refused("digraph { a -> \"b", ":1: a quote is not closed");
  refused("digraph { /* a ", ":1: a comment is not closed");
  refused("digraph { a [x=<b>] }", ":1: HTML texts are not read, got '<'");
  refused("digraph { a -> b } c", ":1: text after the graph, got 'c'");
  std::string deep = "digraph ";
  for (int i = 0; i < 100000; ++i) deep += "{";
  File file("deep.dot", deep);
  CHECK_THROWS_WITH(import_dot(file.path, {}), Catch::Contains("nested more than 64 deep"));
}

TEST_CASE("node-link JSON by any attribute, and a graph's own JSON") {
  File file("tree.json", R"({"directed": true, "nodes": [{"id": "n1", "label": "whole"}, {"id": "n2", "label": "cat", "block": "b"},
    {"id": 3, "label": "dog"}], "links": [{"source": "n1", "target": "n2"}, {"source": "n1", "target": 3}]})");
  const Description d = import_json(file.path, "label", {"", {}, true});
  CHECK(d.root == "whole");
  CHECK(d.edges == Edges{{"whole", "cat"}, {"whole", "dog"}});
  CHECK(d.blocks == Edges{{"cat", "b"}, {"dog", "below whole"}});
  CHECK(import_json(file.path, "id", {}).edges[1].second == "3");
  const LabelGraph g(d);
  File own("own.json", g.to_json().dump());
  CHECK(LabelGraph(import_json(own.path, "id", {})).to_json() == g.to_json());
  auto refused = [](const std::string& text, const std::string& what) {
    File bad("bad.json", text);
    CHECK_THROWS_WITH(import_json(bad.path, "id", {}), Catch::Contains(what));
  };
  refused("{\"nodes\": [", "parse error at line 1, column 12");
  refused("[]", "a graph is an object");
  refused(R"({"nodes": [{"id": "a"}, {"id": "a"}], "links": []})", "stands twice");
  refused(R"({"nodes": [{"id": "a"}], "links": [{"source": "a", "target": "b"}]})", "which is no node");
  refused(R"({"nodes": [{"name": "a"}], "links": []})", "a node without 'id'");
  refused(R"({"nodes": [{"id": "a"}], "links": []})", "has no edges");
  refused(R"({"directed": false, "nodes": [{"id": "a"}], "links": []})", "undirected");
}

TEST_CASE("dotted names") {
  const Description d = import_names({"cs.LG", "math", "cs.CV", "math.CO"}, ".", {"arxiv", {}, true});
  CHECK(d.edges == Edges{{"arxiv", "cs"}, {"cs", "cs.LG"}, {"arxiv", "math"}, {"cs", "cs.CV"}, {"math", "math.CO"}});
  CHECK(d.labels == std::vector<std::string>{"cs.LG", "math", "cs.CV", "math.CO"});
  CHECK(d.blocks[0] == std::pair<std::string, std::string>{"cs", "below arxiv"});
  CHECK_THROWS_WITH(import_names({"cs..LG"}, ".", {}), "graph.names: 'cs..LG' has an empty part");
  CHECK_THROWS_WITH(import_names({"cs."}, ".", {}), "graph.names: 'cs.' has an empty part");
  CHECK_THROWS_WITH(import_names({"root.a"}, ".", {}), Catch::Contains("is also the root's name"));
  CHECK_THROWS_WITH(import_names({}, ".", {}), "graph.names: no names are given");
}

TEST_CASE("merging joins nodes of equal name; a subgraph keeps what lies below and above") {
  const LabelGraph a(import_names({"cat.short", "dog"}, ".", {"pets"})), b(import_names({"feline.long", "fish"}, ".", {"more"}));
  const LabelGraph m(merge(a, b, {{"feline", "cat"}}));
  const LabelGraph c(import_names({"cat.short"}, ".", {"pets", {}, true})), e(import_names({"feline.long", "fish"}, ".", {"more", {}, true}));
  const LabelGraph competing(merge(c, e, {{"feline", "cat"}}));
  CHECK(competing.competing(competing.at("cat"), competing.at("fish")));
  CHECK(competing.competing(competing.at("cat.short"), competing.at("feline.long")));
  CHECK(m.names() == std::vector<std::string>{"cat", "cat.short", "dog", "feline.long", "fish"});
  CHECK(m.children(m.at("cat")).size() == 2);
  CHECK(m.labels().size() == 4);
  CHECK_THROWS_WITH(merge(a, b, {{"felin", "cat"}}), "merge: the graph 'more' has no node 'felin'; did you mean 'feline'?");
  const LabelGraph cat(subgraph(m, "cat", {}));
  CHECK(cat.name(cat.start()) == "cat");
  CHECK(cat.names() == std::vector<std::string>{"cat.short", "feline.long"});
  const LabelGraph some(subgraph(m, "", {"feline.long"}));
  CHECK(some.names() == std::vector<std::string>{"cat", "feline.long"});
  CHECK_THROWS_WITH(subgraph(m, "dog", {}), "subgraph: nothing lies below 'dog'");
  CHECK_THROWS_WITH(subgraph(m, "cat", {"fish"}), "subgraph: 'fish' does not lie below 'cat'");
}

TEST_CASE("WordNet's dictionary: synsets, senses, ids, instances, and what is no dictionary") {
  const auto folder = std::filesystem::temp_directory_path() / ("wordnet" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  auto write = [&](const char* name, const std::string& text) { std::ofstream(folder / name) << text; };
  write("data.noun",
        "  1 a licence\n"
        "00000100 03 n 01 entity 0 000 | all there is\n"
        "00000200 05 n 02 Dog 0 hound 0 001 @ 00000100 n 0000 | a dog\n"
        "00000300 05 n 01 cat 0 001 @ 00000100 n 0000 | a cat\n"
        "00000400 18 n 01 cat 1 002 @i 00000300 n 0000 @ 00000200 n 0000 | one that is both\n");
  write("index.noun", "  1 a licence\ncat n 2 1 @ 2 0 00000300 00000400\ndog n 1 1 @ 1 0 00000200\nentity n 1 0 1 0 00000100\nhound n 1 1 @ 1 0 00000200\n");
  WordNetOptions o;
  o.folder = folder.string();
  Description d = import_wordnet(o);
  CHECK(d.root == "entity.n.01");
  CHECK(d.nodes == std::vector<std::string>{"dog.n.01", "cat.n.01", "cat.n.02"});
  CHECK(d.labels == std::vector<std::string>{"cat.n.02"});
  CHECK(LabelGraph(d).path_count(3) == 2);
  o.names = SynsetName::wnid, o.labels = {"Dog"}, o.blocks = true;
  d = import_wordnet(o);
  CHECK(d.edges == Edges{{"n00000100", "n00000200"}});
  CHECK(d.blocks == Edges{{"n00000200", "below n00000100"}});
  o.labels = {"n00000400", "cat"};
  CHECK(import_wordnet(o).edges.size() == 4);
  o.labels = {"cta"};
  CHECK_THROWS_WITH(import_wordnet(o), Catch::Contains("no noun synset 'cta' for a label; did you mean 'cat.n.01'?"));
  o.labels = {}, o.root = "dgo.n.01";
  CHECK_THROWS_WITH(import_wordnet(o), Catch::Contains("no noun synset 'dgo.n.01' for the root"));
  o.root = "entity.n.01";
  write("data.noun", "00000100 03 n 01 entity 0 0x0 | all\n");
  CHECK_THROWS_WITH(import_wordnet(o), o.folder + "/data.noun:1: '0x0' is no number; not WordNet's format");
  write("data.noun", "00000100 03 n 01 entity 0 000\n00000200 03 n 01 b 0 001 @ 00000999 n 0000\n");
  CHECK_THROWS_WITH(import_wordnet(o), Catch::Contains("data.noun lacks"));
  std::filesystem::remove_all(folder);
  CHECK_THROWS_WITH(import_wordnet(o), Catch::Contains("no dictionary (data.noun) in " + o.folder));
}

TEST_CASE("all nouns of WordNet 3.0: paths counted and enumerated") {
  if (!std::filesystem::exists("/usr/share/wordnet/data.noun")) {
    std::puts("SKIPPED: all nouns of WordNet: no /usr/share/wordnet/data.noun (Debian's wordnet-base)");
    return;
  }
  const LabelGraph g(import_wordnet({}));
  CHECK(g.size() == 82114);  // and the root
  std::vector<Token> all;
  int64_t paths = 0;
  for (Token t = 1; t <= g.size(); ++t) all.push_back(t), paths += g.path_count(t);
  const PathTable table(g, all);
  CHECK(table.size() == paths);
  CHECK(table.size() == 111556);
  const Token dog = g.at("dog.n.01");
  const auto [first, last] = table.of(dog);
  CHECK(last - first == 2);
  for (int64_t p = first; p < last; ++p) {
    const auto tokens = table.tokens(p);
    CHECK(tokens.back() == dog);
    Token at = g.start();
    for (Token t : tokens) {
      const auto children = g.children(at);
      CHECK(std::find(children.begin(), children.end(), t) != children.end());
      at = t;
    }
  }
}
