#include "host/graph/label_graph.hpp"

#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::graph;

namespace {

using Names = std::vector<std::string>;

LabelGraph build(const char* json) { return LabelGraph(Description::from_json(Json::parse(json))); }

Names names_of(const LabelGraph& g, std::span<const Token> tokens) {
  Names names;
  for (Token t : tokens) names.push_back(g.name(t));
  return names;
}

/// Paths as the cases write them: from the root on, with their kind.
Json written(const LabelGraph& g, const std::string& label) {
  Json all = Json::array();
  for (const auto& p : g.paths(g.at(label))) {
    Names names = names_of(g, p.tokens);
    names.insert(names.begin(), g.name(g.start()));
    all.push_back({{"path", names}, {"kind", p.deterministic ? "det" : "nondet"}});
  }
  return all;
}

const char* const kCats = R"({"root": "animal", "labels": ["cat", "siamese", "british"],
  "edges": [["animal", "cat"], ["animal", "dog"], ["cat", "short"], ["cat", "solid"], ["cat", "point"],
            ["short", "british"], ["solid", "british"], ["point", "british"], ["point", "siamese"]],
  "blocks": {"cat": "species", "dog": "species", "solid": "colour", "point": "colour",
             "siamese": "breed", "british": "breed"}})";

}  // namespace

TEST_CASE("known answers 000-01 and 000-02: paths and their kinds") {
  for (const char* id : {"000-01", "000-02"}) {
    Json c = known_answer(id);
    if (c.is_null()) return;
    LabelGraph g(Description::from_json(c["input"]["graph"]));
    CHECK(written(g, c["input"]["label"]) == c["expected"]["paths"]);
  }
}

TEST_CASE("tokens: 0 ends a path, nodes in declaration order, the root last") {
  auto g = build(kCats);
  CHECK(g.size() == 7);
  CHECK(g.name(kEnd) == "<eop>");
  CHECK(g.names() == Names{"cat", "dog", "short", "solid", "point", "british", "siamese"});
  CHECK(g.name(g.start()) == "animal");
  CHECK(g.find("animal") == g.start());
  CHECK(g.find("horse") == -1);
  CHECK_THROWS_WITH(g.at("siamesse"), "the graph 'animal' has no node 'siamesse'; did you mean 'siamese'?");
  CHECK(names_of(g, g.children(g.at("cat"))) == Names{"short", "solid", "point"});
  CHECK(names_of(g, g.parents(g.at("british"))) == Names{"short", "solid", "point"});
  CHECK(names_of(g, g.labels()) == Names{"cat", "british", "siamese"});
  CHECK(g.depth() == 3);
  CHECK(g.leaf(g.at("dog")));
  CHECK_FALSE(g.leaf(g.at("cat")));
}

TEST_CASE("nodes compete in their block alone; a node without one has its own") {
  auto g = build(kCats);
  CHECK(g.competing(g.at("cat"), g.at("dog")));
  CHECK_FALSE(g.competing(g.at("cat"), g.at("cat")));
  CHECK_FALSE(g.competing(g.at("short"), g.at("solid")));
  CHECK(g.block_name(g.at("point")) == "colour");
  CHECK(g.block_name(g.at("short")) == "");
  CHECK(g.blocks() == 5);  // <eop>, species, short alone, colour, breed
}

TEST_CASE("a path is nondeterministic where another path to its label competes") {
  auto g = build(kCats);
  auto kind = [&](Names names) {
    std::vector<Token> tokens;
    for (const auto& n : names) tokens.push_back(g.at(n));
    return g.deterministic(tokens);
  };
  CHECK(kind({"cat", "short", "british"}));
  CHECK_FALSE(kind({"cat", "solid", "british"}));
  CHECK(kind({"cat", "point", "siamese"}));
  CHECK(kind({"cat"}));
  CHECK_THROWS_WITH(kind({"cat", "short", "siamese"}), "not a path of the graph 'animal': it ends in 'siamese'");
  CHECK_THROWS_WITH(g.deterministic({}), "an empty path has no kind");
}

TEST_CASE("paths are counted without being listed; too many are refused") {
  // a ladder of n rungs of two nodes: 2^n paths
  auto ladder = [](int rungs) {
    Description d;
    d.root = "r";
    std::string above = "r";
    for (int i = 0; i < rungs; ++i) {
      const std::string n = std::to_string(i), below = "j" + n;
      for (const auto& side : {"a" + n, "b" + n}) d.edges.emplace_back(above, side), d.edges.emplace_back(side, below);
      above = below;
    }
    d.labels = {above};
    return LabelGraph(d);
  };
  auto ten = ladder(10);
  CHECK(ten.path_count(ten.at("j9")) == 1024);
  CHECK(ten.paths(ten.at("j9")).size() == 1024);
  CHECK(ten.depth() == 20);
  CHECK_THROWS_WITH(ten.paths(ten.at("j9"), 1000),
                    "node 'j9' has 1024 paths from the root, more than 1000; trim the graph or raise the limit");
  auto many = ladder(100);
  CHECK(many.path_count(many.at("j60")) == int64_t{1} << 61);
  CHECK(many.path_count(many.at("j99")) == int64_t{1} << 62);  // saturated
  CHECK_THROWS_AS(many.paths(many.at("j99")), Error);
}

TEST_CASE("trimming drops its share of augmented nodes, keeps labels and every label's ancestors among labels") {
  auto g = build(kCats);  // augmented: dog, short, solid, point
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      auto t = g.trim(share, seed);
      CHECK(t.size() == g.size() - std::llround(4 * share));
      CHECK(names_of(t, t.labels()) == names_of(g, g.labels()));
      for (Token label : t.labels()) {
        for (const auto& p : t.paths(label)) CHECK((t.name(label) == "cat" || t.name(p.tokens.front()) == "cat"));
      }
      CHECK(t.to_json() == g.trim(share, seed).to_json());  // the seed decides
    }
  }
  CHECK(g.trim(0.5, 1).names() != g.trim(0.5, 3).names());
  CHECK(g.trim(0, 7).to_json() == g.to_json());
  CHECK_THROWS_WITH(g.trim(1.5, 0), "trim: the share of augmented nodes must be in [0, 1], got 1.5");
}

TEST_CASE("dropped nodes leave their children to their parents, in their place") {
  auto g = build(kCats);
  auto t = g.without({g.at("solid"), g.at("short")});
  CHECK(names_of(t, t.children(t.at("cat"))) == Names{"british", "point"});
  CHECK(t.paths(t.at("british")).size() == 2);
  CHECK(t.block_name(t.at("point")) == "colour");
  auto bare = g.without({g.at("solid"), g.at("short"), g.at("point"), g.at("dog")});
  CHECK(names_of(bare, bare.children(bare.at("cat"))) == Names{"british", "siamese"});
  CHECK_THROWS_WITH(g.without({g.at("british")}), "trim: 'british' is a label; only augmented nodes can be dropped");
  CHECK_THROWS_WITH(g.without({99}), "trim: no node has the number 99");
}

TEST_CASE("a graph survives its own description") {
  auto g = build(kCats);
  const LabelGraph again(Description::from_json(g.to_json())), copy(g);
  for (const LabelGraph* other : {&again, &copy}) {
    CHECK(other->to_json() == g.to_json());
    for (Token label : g.labels()) CHECK(written(*other, g.name(label)) == written(g, g.name(label)));
  }
  CHECK_THAT(g.to_dot(), Catch::Contains("\"cat\" -> \"short\";") &&
                             Catch::Contains("label=\"colour\"; \"solid\"; \"point\";") &&
                             Catch::Contains("\"siamese\" [shape=box];"));
}

TEST_CASE("datasets bind labels") {
  auto g = build(kCats);
  CHECK_FALSE(g.is_label(g.at("dog")));
  g.bind(g.at("dog"));
  CHECK(g.is_label(g.at("dog")));
  CHECK(LabelGraph(g).is_label(g.at("dog")));
}

TEST_CASE("80,000 nodes build, count and find paths") {
  Description d;
  d.root = "r";
  for (int i = 1; i <= 80000; ++i) {
    d.nodes.push_back("n" + std::to_string(i));
    d.edges.emplace_back(i < 4 ? "r" : "n" + std::to_string(i / 4), d.nodes.back());
    d.blocks.emplace_back(d.nodes.back(), "below " + std::to_string(i / 4));
  }
  d.labels = {"n80000"};
  LabelGraph g(d);
  CHECK(g.size() == 80000);
  CHECK(g.paths(g.at("n80000")).size() == 1);
  CHECK(g.trim(1, 0).size() == 1);
}
