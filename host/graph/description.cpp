// Descriptions of label graphs: reading and checking them.
#include <algorithm>
#include <set>

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

namespace {

/// The description's names as numbers, for checking alone.
struct Sketch {
  std::vector<std::string> names;
  std::unordered_map<std::string, int> index;
  std::vector<std::vector<int>> children;

  int add(const std::string& name) {
    auto [at, fresh] = index.emplace(name, static_cast<int>(names.size()));
    if (fresh) names.push_back(name), children.emplace_back();
    return at->second;
  }
};

// Depth first without recursion: WordNet is deep. Reports each cycle once, at the edge that closes it.
void find_cycles(const Sketch& s, std::vector<Problem>& problems) {
  std::vector<char> state(s.names.size(), 0);  // 0 new, 1 on the path, 2 done
  for (size_t from = 0; from < s.names.size(); ++from) {
    if (state[from]) continue;
    std::vector<std::pair<int, size_t>> path{{static_cast<int>(from), 0}};
    state[from] = 1;
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next == s.children[node].size()) {
        state[node] = 2;
        path.pop_back();
        continue;
      }
      const int child = s.children[node][next++];
      if (state[child] == 0) {
        state[child] = 1;
        path.emplace_back(child, 0);
      } else if (state[child] == 1) {
        auto begin = std::find_if(path.begin(), path.end(), [&](const auto& p) { return p.first == child; });
        std::string text = "cycle ";
        for (auto p = begin; p != path.end(); ++p) text += s.names[p->first] + "->";
        problems.push_back({text + s.names[child], s.names[child]});
      }
    }
  }
}

}  // namespace

std::vector<Problem> LabelGraph::check(const Description& d) {
  std::vector<Problem> problems;
  if (d.root.empty()) return {{"no root is named", ""}};
  if (d.nodes.empty() && d.edges.empty()) return {{"no node stands below the root '" + d.root + "'", d.root}};
  Sketch s;
  const int root = s.add(d.root);
  std::set<std::string> declared;
  for (const auto& n : d.nodes) {
    if (n == d.root) problems.push_back({"the root '" + n + "' is declared as a node below itself", n});
    else if (!declared.insert(n).second) problems.push_back({"node '" + n + "' is declared twice", n});
    s.add(n);
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& [from, to] : d.edges) {
    const int a = s.add(from), b = s.add(to);
    if (!seen.insert({from, to}).second) problems.push_back({"edge " + from + "->" + to + " stands twice", to});
    s.children[a].push_back(b);
    if (b == root) problems.push_back({"an edge leads into the root: " + from + "->" + to, from});
  }
  for (const auto& name : s.names)
    if (name.empty() || name == "<eop>" || name == "<start>")
      problems.push_back({"'" + name + "' cannot name a node", name});
  std::unordered_map<std::string, std::string> block_of;
  for (const auto& [node, block] : d.blocks) {
    if (!s.index.count(node))
      problems.push_back(
          {"block '" + block + "' holds '" + node + "', which is no node" + did_you_mean(node, s.names), node});
    auto [known, fresh] = block_of.emplace(node, block);
    if (!fresh && known->second != block)
      problems.push_back(
          {"node '" + node + "' stands in two blocks, '" + known->second + "' and '" + block + "'", node});
  }
  find_cycles(s, problems);

  std::vector<bool> reached(s.names.size(), false);
  std::vector<int> queue{root};
  reached[root] = true;
  while (!queue.empty()) {
    const int at = queue.back();
    queue.pop_back();
    for (int c : s.children[at])
      if (!reached[c]) reached[c] = true, queue.push_back(c);
  }
  std::vector<std::string> reachable;
  for (size_t i = 0; i < s.names.size(); ++i)
    if (reached[i] && static_cast<int>(i) != root) reachable.push_back(s.names[i]);
  std::set<std::string> labels;
  for (const auto& label : d.labels) {
    if (!labels.insert(label).second) continue;
    auto known = s.index.find(label);
    if (label == d.root) problems.push_back({"the root '" + label + "' cannot be a label", label});
    else if (known == s.index.end() || !reached[known->second]) {
      std::string near = nearest(label, reachable);
      problems.push_back({"label '" + label + "' is not reachable from the root '" + d.root + "'" +
                              (near.empty() || near == label ? "" : "; nearest node '" + near + "'"),
                          label});
    }
  }
  for (size_t i = 0; i < s.names.size(); ++i)
    if (!reached[i] && !labels.count(s.names[i]))
      problems.push_back({"node '" + s.names[i] + "' is not reachable from the root '" + d.root + "'", s.names[i]});
  return problems;
}

}  // namespace moonlab::graph
