#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "host/graph/label_graph.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::graph;

namespace {

std::vector<std::string> problems(const char* json) {
  std::vector<std::string> texts;
  for (const auto& p : LabelGraph::check(Description::from_json(Json::parse(json)))) texts.push_back(p.text);
  return texts;
}

std::string misread(const char* json) {
  try {
    Description::from_json(Json::parse(json));
  } catch (const Error& e) {
    return e.what();
  }
  return "read";
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("known answer 000-05: bad graphs name the offending nodes") {
  Json c = known_answer("000-05");
  if (c.is_null()) return;
  const Texts wanted{"cycle a->b->a", "label 'y' is not reachable from the root 'r'"};
  for (size_t i = 0; i < wanted.size(); ++i) {
    auto found = LabelGraph::check(Description::from_json(c["input"]["bad_graphs"][i]));
    REQUIRE_FALSE(found.empty());
    CHECK_THAT(found[0].text, Catch::StartsWith(wanted[i]));
  }
}

TEST_CASE("every kind of bad graph has its text") {
  CHECK(problems(R"({"edges": [["r", "a"]]})") == Texts{"no root is named"});
  CHECK(problems(R"({"root": "r"})") == Texts{"no node stands below the root 'r'"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"], ["a", "b"], ["b", "a"]]})") == Texts{"cycle a->b->a"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"], ["a", "a"]]})") == Texts{"cycle a->a"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"], ["x", "y"], ["y", "x"]]})") ==
        Texts{"cycle x->y->x", "node 'x' is not reachable from the root 'r'",
              "node 'y' is not reachable from the root 'r'"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"], ["a", "r"]]})") ==
        Texts{"an edge leads into the root: a->r", "cycle r->a->r"});
  CHECK(problems(R"({"root": "r", "nodes": ["a", "a"], "edges": [["r", "a"]]})") ==
        Texts{"node 'a' is declared twice"});
  CHECK(problems(R"({"root": "r", "nodes": ["r", "a"], "edges": [["r", "a"]]})") ==
        Texts{"the root 'r' is declared as a node below itself"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"], ["r", "a"]]})") == Texts{"edge r->a stands twice"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "<eop>"]]})") == Texts{"'<eop>' cannot name a node"});
  CHECK(problems(R"({"root": "r", "edges": [["r", ""]]})") == Texts{"'' cannot name a node"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "tabby"]], "blocks": {"taby": "colour"}})") ==
        Texts{"block 'colour' holds 'taby', which is no node; did you mean 'tabby'?"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"]], "blocks": [["a", "x"], ["a", "y"]]})") ==
        Texts{"node 'a' stands in two blocks, 'x' and 'y'"});
  CHECK(problems(R"({"root": "r", "nodes": ["a", "b"], "edges": [["r", "a"]]})") ==
        Texts{"node 'b' is not reachable from the root 'r'"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "siamese"]], "labels": ["siamesse"]})") ==
        Texts{"label 'siamesse' is not reachable from the root 'r'; nearest node 'siamese'"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"]], "labels": ["r"]})") ==
        Texts{"the root 'r' cannot be a label"});
  CHECK(problems(R"({"root": "r", "edges": [["r", "a"]], "blocks": [["a", "x"], ["a", "x"]], "labels": ["a", "a"]})")
            .empty());
}

TEST_CASE("building raises every problem at once, a line each") {
  CHECK_THROWS_WITH(LabelGraph(Description::from_json(
                        Json::parse(R"({"root": "r", "nodes": ["a", "a"], "edges": [["r", "a"]], "labels": ["z"]})"))),
                    "node 'a' is declared twice\nlabel 'z' is not reachable from the root 'r'; nearest node 'a'");
}

TEST_CASE("a description that is none is refused with what it holds") {
  CHECK(misread("[]") == "label graph: a description is a table with root, edges, blocks and labels");
  CHECK(misread(R"({"root": 3})") == "label graph: root must be a name, got 3");
  CHECK(misread(R"({"root": "r", "edges": "r"})") == "label graph: edges must be a list, got \"r\"");
  CHECK(misread(R"({"root": "r", "edges": [["r"]]})") == "label graph: an edge is a pair {from, to}, got [\"r\"]");
  CHECK(misread(R"({"root": "r", "edges": [["r", 1]]})") == "label graph: an edge's end must be a name, got 1");
  CHECK(misread(R"({"root": "r", "nodes": [{}]})") == "label graph: a node must be a name, got {}");
  CHECK(misread(R"({"root": "r", "labels": [null]})") == "label graph: a label must be a name, got null");
  CHECK(misread(R"({"root": "r", "blocks": [["a"]]})") == "label graph: a pair {node, block} expected, got [\"a\"]");
  CHECK(misread(R"({"root": "r", "blocks": {"a": 1}})") == "label graph: a block must be a name, got 1");
  CHECK(misread(R"({"root": "r", "edgs": []})") == "label graph: unknown key 'edgs'; did you mean 'edges'?");
  CHECK(misread(R"({"root": "r", "labels": {}})") == "read");  // an empty Lua table
}
