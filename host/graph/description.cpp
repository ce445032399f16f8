// Descriptions of label graphs as JSON.
#include "host/error.hpp"
#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& value, const std::string& where) {
  if (!value.is_string()) fail("label graph: ", where, " must be a name, got ", value.dump());
  return value.get<std::string>();
}

const Json& list(const Json& value, const std::string& where) {
  static const Json nothing = Json::array();
  if (value.is_object() && value.empty()) return nothing;
  if (!value.is_array()) fail("label graph: ", where, " must be a list, got ", value.dump());
  return value;
}

}  // namespace

Description Description::from_json(const Json& json) {
  if (!json.is_object()) fail("label graph: a description is a table with root, edges, blocks and labels");
  Description d;
  for (const auto& [key, value] : json.items()) {
    if (key == "root") d.root = text(value, "root");
    else if (key == "nodes") {
      for (const auto& n : list(value, key)) d.nodes.push_back(text(n, "a node"));
    } else if (key == "labels") {
      for (const auto& n : list(value, key)) d.labels.push_back(text(n, "a label"));
    } else if (key == "edges") {
      for (const auto& e : list(value, key)) {
        if (!e.is_array() || e.size() != 2) fail("label graph: an edge is a pair {from, to}, got ", e.dump());
        d.edges.emplace_back(text(e[0], "an edge's end"), text(e[1], "an edge's end"));
      }
    } else if (key == "blocks" || key == "group") {
      if (value.is_array()) {
        for (const auto& b : value) {
          if (!b.is_array() || b.size() != 2) fail("label graph: a pair {node, block} expected, got ", b.dump());
          d.blocks.emplace_back(text(b[0], "a node"), text(b[1], "a block"));
        }
      } else {
        for (const auto& [node, block] : value.items()) d.blocks.emplace_back(node, text(block, "a block"));
      }
    } else {
      fail("label graph: unknown key '", key, "'", did_you_mean(key, {"root", "nodes", "edges", "blocks", "labels"}));
    }
  }
  return d;
}

}  // namespace moonlab::graph
