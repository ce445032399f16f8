#include <fstream>
#include <set>

#include "host/error.hpp"
#include "host/graph/import.hpp"

namespace moonlab::graph {

Description import_json(const std::string& path, const std::string& name, const ImportOptions& o) {
  using Json = nlohmann::ordered_json;
  std::ifstream file(path);
  if (!file) fail("graph.json: cannot read ", path);
  Json json;
  try {
    json = Json::parse(file);
  } catch (const Json::parse_error& e) {
    const std::string text = e.what();  // "[json.exception.parse_error.101] parse error at line 3, column 5: ..."
    fail(path, ": ", text.substr(text.find("] ") == text.npos ? 0 : text.find("] ") + 2));
  }
  if (!json.is_object()) fail(path, ": a graph is an object with nodes and links (networkx) or root and edges");
  if (json.contains("root") && !json.contains("directed")) return completed(Description::from_json(json), o, path);
  const char* links = json.contains("links") ? "links" : "edges";
  if (!json.contains("nodes") || !json["nodes"].is_array() || !json.contains(links) || !json[links].is_array())
    fail(path, ": node-link JSON has the lists 'nodes' and 'links' (or 'edges')");
  if (json.value("directed", true) == false) fail(path, ": the graph is undirected; a label graph's edges lead from parent to child");
  auto text = [&](const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
  Description d;
  std::unordered_map<std::string, std::string> names;
  std::set<std::string> taken;
  for (const auto& node : json["nodes"]) {
    if (!node.is_object() || !node.contains("id")) fail(path, ": a node without 'id': ", node.dump());
    if (!node.contains(name)) fail(path, ": node ", node["id"].dump(), " has no '", name, "' to name it by");
    const std::string id = text(node["id"]), named = text(node[name]);
    if (!names.emplace(id, named).second) fail(path, ": node ", node["id"].dump(), " stands twice");
    if (!taken.insert(named).second) fail(path, ": two nodes have the ", name, " '", named, "'; name = \"id\" tells them apart");
    d.nodes.push_back(named);
    if (node.contains("block")) d.blocks.emplace_back(named, text(node["block"]));
    if (node.value("is_label", false)) d.labels.push_back(named);
  }
  for (const auto& link : json[links]) {
    if (!link.is_object() || !link.contains("source") || !link.contains("target")) fail(path, ": a link has source and target, got ", link.dump());
    std::string ends[2];
    for (int k = 0; k < 2; ++k) {
      const auto& end = link[k == 0 ? "source" : "target"];
      auto at = names.find(text(end));
      if (at == names.end()) fail(path, ": a link names ", end.dump(), ", which is no node");
      ends[k] = at->second;
    }
    d.edges.emplace_back(ends[0], ends[1]);
  }
  return completed(std::move(d), o, path);
}

}  // namespace moonlab::graph
