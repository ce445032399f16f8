#include "host/graph/compile.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "oracle.hpp"

using namespace moonlab::graph;

namespace {

std::shared_ptr<const LabelGraph> pets() {
  Json c = known_answer("000-17");
  return c.is_null() ? nullptr : std::make_shared<LabelGraph>(Description::from_json(c["input"]["graph"]));
}

}  // namespace

TEST_CASE("children are the candidates; after a leaf and after <eop> only <eop> is") {
  auto g = pets();
  if (!g) return;
  Compiled c(g);
  REQUIRE(c.candidates.sizes() == at::IntArrayRef{g->size() + 2, g->size() + 1});
  for (Token t = 0; t < c.tokens(); ++t) {
    std::vector<Token> open;
    for (Token v = 0; v < c.vocabulary(); ++v)
      if (c.candidates[t][v].item<bool>()) open.push_back(v);
    std::vector<Token> wanted;
    if (t != kEnd) wanted.assign(g->children(t).begin(), g->children(t).end());
    if (wanted.empty()) wanted = {kEnd};
    std::sort(wanted.begin(), wanted.end());
    CHECK(open == wanted);
  }
}

TEST_CASE("known answer 000-17: the nodes on a label's paths, all and deterministic") {
  Json c = known_answer("000-17");
  if (c.is_null()) return;
  auto g = pets();
  for (const char* kind : {"all", "det"}) {
    for (const auto& [label, wanted] : c["expected"][kind].items()) {
      std::set<std::string> nodes;
      for (const auto& p : g->paths(g->at(label)))
        if (p.deterministic || kind == std::string("all"))
          for (Token t : p.tokens) nodes.insert(g->name(t));
      CHECK(nodes == wanted.get<std::set<std::string>>());
    }
  }
}

TEST_CASE("a trie shares prefixes and counts the paths through an edge") {
  auto g = pets();
  if (!g) return;
  Compiled c(g);
  // Egyptian Mau: Cat -> {Shorthair, Tabby} -> itself, all deterministic
  const LabelTrie& t = c.trie(g->at("EgyptianMau"));
  CHECK(t.paths == 2);
  REQUIRE(t.levels.size() == 3);
  REQUIRE(t.levels[0].nodes.size() == 1);
  CHECK(t.levels[0].nodes[0].token == g->start());
  REQUIRE(t.levels[0].edges.size() == 1);
  CHECK(t.levels[0].edges[0].weight == 2);
  REQUIRE(t.levels[2].nodes.size() == 2);
  CHECK(g->name(t.levels[2].nodes[1].token) == "Tabby");
  CHECK(t.levels[2].nodes[1].parent == 0);
  CHECK(t.levels[2].edges[1].target == g->at("EgyptianMau"));
  // Maine Coon: by Longhair alone; two colours make the rest nondeterministic
  CHECK(c.trie(g->at("MaineCoon")).paths == 1);
  CHECK(c.has_nondeterministic(g->at("MaineCoon")));
  CHECK_FALSE(c.has_nondeterministic(g->at("EgyptianMau")));
  CHECK(c.paths(g->at("Shorthair")).empty());  // no label
}

TEST_CASE("the sets that are rewarded") {
  auto g = pets();
  if (!g) return;
  Compiled c(g);
  auto set = [&](Reward kind, const char* label) {
    std::set<std::string> nodes;
    for (Token t : c.reward_set(g->at(label), kind)) nodes.insert(g->name(t));
    return nodes;
  };
  using Set = std::set<std::string>;
  CHECK(set(Reward::label_nodes, "British") == Set{"Cat", "British"});
  CHECK(set(Reward::label_only, "British") == Set{"British"});
  CHECK(set(Reward::det_nodes, "British") == Set{"Cat", "Shorthair", "British"});
  CHECK(set(Reward::label_nodes, "Shorthair").empty());
}
