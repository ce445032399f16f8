#include "host/graph/import.hpp"

#include <algorithm>
#include <set>

#include "host/error.hpp"
#include "host/graph/sketch.hpp"

namespace moonlab::graph {

Description completed(Description d, const ImportOptions& o, const std::string& where) {
  if (d.edges.empty()) fail(where, ": the graph has no edges");
  if (!o.root.empty()) d.root = o.root;
  if (d.root.empty()) {
    std::set<std::string> below;
    for (const auto& [from, to] : d.edges) below.insert(to);
    std::vector<std::string> tops;
    auto consider = [&](const std::string& n) {
      if (!below.count(n) && std::find(tops.begin(), tops.end(), n) == tops.end()) tops.push_back(n);
    };
    for (const auto& n : d.nodes) consider(n);
    for (const auto& [from, to] : d.edges) consider(from);
    if (tops.empty()) fail(where, ": every node has an edge that leads to it, so that there is no root; give root =");
    if (tops.size() > 1) {
      std::string list;
      for (size_t i = 0; i < tops.size() && i < 5; ++i) list += (i ? ", " : "") + tops[i];
      fail(where, ": ", tops.size(), " nodes have no parent (", list, tops.size() > 5 ? ", ..." : "", "); give root = to say which is the root");
    }
    d.root = tops[0];
  }
  d.nodes.erase(std::remove(d.nodes.begin(), d.nodes.end(), d.root), d.nodes.end());
  const Sketch sketch(d);
  if (!o.root.empty() && sketch.first[1] == sketch.first[0]) {
    const std::vector<std::string> names(sketch.names.begin() + 1, sketch.names.end());
    fail(where, ": the root '", o.root, "' has no children", did_you_mean(o.root, names));
  }
  if (!o.labels.empty()) d.labels = o.labels;
  if (d.labels.empty())
    for (size_t i = 1; i < sketch.names.size(); ++i)
      if (sketch.first[i] == sketch.first[i + 1]) d.labels.emplace_back(sketch.names[i]);
  if (o.siblings) {
    std::vector<char> in_block(sketch.names.size(), 0);
    for (const auto& [node, block] : d.blocks)
      if (const int at = sketch.find(node); at >= 0) in_block[at] = 1;
    for (const auto& [from, to] : sketch.edges)
      if (to != 0 && !in_block[to]) {
        in_block[to] = 1;
        d.blocks.emplace_back(sketch.names[to], "below " + std::string(sketch.names[from]));
      }
  }
  return d;
}

Description import_names(const std::vector<std::string>& names, const std::string& separator, const ImportOptions& o) {
  if (separator.empty()) fail("graph.names: the separator is empty");
  if (names.empty()) fail("graph.names: no names are given");
  Description d;
  d.root = o.root.empty() ? "root" : o.root;
  std::set<std::string> known;
  for (const auto& name : names) {
    std::string parent = d.root;
    for (size_t at = 0; at != name.npos;) {
      const size_t next = name.find(separator, at);
      if (next == at || at == name.size()) fail("graph.names: '", name, "' has an empty part");
      const std::string prefix = name.substr(0, next);
      if (prefix == d.root) fail("graph.names: '", prefix, "' is also the root's name; give root = another");
      if (known.insert(prefix).second) {
        d.nodes.push_back(prefix);
        d.edges.emplace_back(parent, prefix);
      }
      parent = prefix;
      at = next == name.npos ? next : next + separator.size();
    }
    d.labels.push_back(name);
  }
  ImportOptions rest = o;
  rest.root = d.root;
  return completed(std::move(d), rest, "graph.names");
}

Description merge(const LabelGraph& a, const LabelGraph& b, const std::vector<std::pair<std::string, std::string>>& aliases) {
  Description d = a.describe();
  const Description other = b.describe();
  std::unordered_map<std::string, std::string> renamed;
  for (const auto& [from, to] : aliases) {
    if (b.find(from) < 0) fail("merge: the graph '", other.root, "' has no node '", from, "'", did_you_mean(from, b.names()));
    renamed[from] = to;
  }
  renamed[other.root] = d.root;
  auto name = [&](const std::string& n) {
    auto at = renamed.find(n);
    return at == renamed.end() ? n : at->second;
  };
  std::set<std::string> nodes(d.nodes.begin(), d.nodes.end()), labels(d.labels.begin(), d.labels.end());
  std::set<std::pair<std::string, std::string>> edges(d.edges.begin(), d.edges.end()), blocks(d.blocks.begin(), d.blocks.end());
  for (const auto& n : other.nodes)
    if (nodes.insert(name(n)).second) d.nodes.push_back(name(n));
  for (const auto& [from, to] : other.edges)
    if (edges.insert({name(from), name(to)}).second) d.edges.emplace_back(name(from), name(to));
  auto block_name = [&](const std::string& b) { return b.starts_with("below ") ? "below " + name(b.substr(6)) : b; };  // siblings
  for (const auto& [node, block] : other.blocks)
    if (blocks.insert({name(node), block_name(block)}).second) d.blocks.emplace_back(name(node), block_name(block));
  for (const auto& l : other.labels)
    if (labels.insert(name(l)).second) d.labels.push_back(name(l));
  return d;
}

Description subgraph(const LabelGraph& g, const std::string& root, const std::vector<std::string>& labels) {
  const Token top = root.empty() || root == g.name(g.start()) ? g.start() : g.at(root);
  std::vector<char> below(g.start() + 1, 0), above(g.start() + 1, labels.empty() ? 1 : 0), wanted(g.start() + 1, 0);
  below[top] = 1;
  for (Token t : g.topological())
    if (below[t])
      for (Token c : g.children(t)) below[c] = 1;
  for (const auto& name : labels) {
    const Token t = g.at(name);
    if (!below[t] || t == top) fail("subgraph: '", name, "' does not lie below '", g.name(top), "'");
    above[t] = wanted[t] = 1;
  }
  if (!labels.empty())
    for (auto t = g.topological().rbegin(); t != g.topological().rend(); ++t)
      if (above[*t])
        for (Token p : g.parents(*t)) above[p] = 1;
  if (g.children(top).empty()) fail("subgraph: nothing lies below '", g.name(top), "'");
  Description d;
  d.root = g.name(top);
  auto kept = [&](Token t) { return below[t] && above[t]; };
  for (Token t = 1; t <= g.start(); ++t) {
    if (!kept(t)) continue;
    if (t != top) {
      d.nodes.push_back(g.name(t));
      if (!g.block_name(t).empty()) d.blocks.emplace_back(g.name(t), g.block_name(t));
      if (labels.empty() ? g.is_label(t) : wanted[t]) d.labels.push_back(g.name(t));
    }
    for (Token c : g.children(t))
      if (kept(c)) d.edges.emplace_back(g.name(t), g.name(c));
  }
  return d;
}

}  // namespace moonlab::graph
