#include "host/graph/label_graph.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <sstream>

#include "host/error.hpp"
#include "host/graph/path_table.hpp"
#include "host/graph/sketch.hpp"
#include "host/rng.hpp"

namespace moonlab::graph {

LabelGraph::LabelGraph(const Description& d) {
  const Sketch sketch(d);
  if (auto problems = sketch.problems(d); !problems.empty()) {
    std::string text;
    for (const auto& p : problems) text += (text.empty() ? "" : "\n") + p.text;
    throw Error(text);
  }
  // a node's number in the sketch is its token; the root's is 0 there and start() here
  const auto n = static_cast<Token>(sketch.names.size());
  names_.reserve(n + 1);
  names_.push_back("<eop>");
  names_.insert(names_.end(), sketch.names.begin() + 1, sketch.names.end());
  names_.push_back(d.root);
  tokens_.reserve(n);
  for (Token t = 1; t <= n; ++t) tokens_.emplace(names_[t], t);
  auto token = [&](int number) { return number == 0 ? n : number; };
  auto link = [&](Links& links, bool down) {
    links.first.assign(n + 2, 0);
    for (const auto& [from, to] : sketch.edges) ++links.first[token(down ? from : to) + 1];
    for (Token t = 1; t <= n + 1; ++t) links.first[t] += links.first[t - 1];
    links.to.resize(sketch.edges.size());
    std::vector<int32_t> next(links.first.begin(), links.first.end() - 1);
    for (const auto& [from, to] : sketch.edges) links.to[next[token(down ? from : to)]++] = token(down ? to : from);
  };
  link(children_, true);
  link(parents_, false);

  std::vector<std::string_view> block_of(n + 1);
  for (const auto& [node, block] : d.blocks) block_of[token(sketch.find(node))] = block;
  std::unordered_map<std::string_view, int32_t> known;
  block_.resize(n + 1);
  block_names_.push_back("");  // <eop>
  for (Token t = 1; t < n; ++t) {
    if (block_of[t].empty()) {
      block_[t] = blocks();
      block_names_.push_back("");
    } else {
      auto [at, fresh] = known.emplace(block_of[t], blocks());
      if (fresh) block_names_.emplace_back(block_of[t]);
      block_[t] = at->second;
    }
  }
  has_blocks_ = !known.empty();
  block_[n] = -1;  // the root is never predicted

  label_.assign(n + 1, false);
  for (const auto& l : d.labels) label_[token(sketch.find(l))] = true;

  // counts and depth in topological order
  constexpr int64_t kMost = int64_t{1} << 62;
  std::vector<int> waiting(n + 1), level(n + 1, 0);
  for (Token t = 1; t <= n; ++t) waiting[t] = static_cast<int>(parents(t).size());
  counts_.assign(n + 1, 0);
  counts_[n] = 1;
  topological_.assign(1, n);
  topological_.reserve(n);
  for (size_t i = 0; i < topological_.size(); ++i) {
    const Token at = topological_[i];
    depth_ = std::max(depth_, level[at]);
    for (Token c : children(at)) {
      counts_[c] = counts_[c] > kMost - counts_[at] ? kMost : counts_[c] + counts_[at];
      level[c] = std::max(level[c], level[at] + 1);
      if (--waiting[c] == 0) topological_.push_back(c);
    }
  }
}

Token LabelGraph::find(std::string_view name) const {
  auto found = tokens_.find(name);
  return found == tokens_.end() ? -1 : found->second;
}

Token LabelGraph::at(std::string_view name) const {
  const Token t = find(name);
  if (t < 0) fail("the graph '", names_.back(), "' has no node '", name, "'", did_you_mean(name, names()));
  return t;
}

std::vector<Token> LabelGraph::labels() const {
  std::vector<Token> all;
  for (Token t = 1; t <= size(); ++t)
    if (label_[t]) all.push_back(t);
  return all;
}

std::vector<Path> LabelGraph::paths(Token label, int64_t limit) const {
  if (label < 1 || label > size()) fail("no node has the number ", label, " (1 to ", size(), ")");
  if (counts_[label] > limit)
    fail("node '", names_[label], "' has ", counts_[label], " paths from the root, more than ", limit,
         "; trim the graph or raise the limit");
  const PathTable table(*this, {label}, limit);
  std::vector<Path> found;
  for (int64_t p = 0; p < table.size(); ++p)
    found.push_back({{table.tokens(p).begin(), table.tokens(p).end()}, table.deterministic(p)});
  return found;
}

bool LabelGraph::deterministic(const std::vector<Token>& path) const {
  if (path.empty()) fail("an empty path has no kind");
  for (const auto& p : paths(path.back()))
    if (p.tokens == path) return p.deterministic;
  fail("not a path of the graph '", names_.back(), "': it ends in '", names_[path.back()], "'");
}

LabelGraph LabelGraph::trim(double share, uint64_t seed) const {
  if (!(share >= 0 && share <= 1)) fail("trim: the share of augmented nodes must be in [0, 1], got ", share);
  std::vector<Token> augmented;
  for (Token t = 1; t <= size(); ++t)
    if (!label_[t]) augmented.push_back(t);
  const auto drop = static_cast<size_t>(std::llround(share * static_cast<double>(augmented.size())));
  // Fisher and Yates with a generator of our own: std::shuffle differs between libraries
  uint64_t state = derive_seed(seed, "trim");
  for (size_t i = 0; i < drop; ++i) {
    state = derive_seed(state, "trim", i);
    std::swap(augmented[i], augmented[i + state % (augmented.size() - i)]);
  }
  augmented.resize(drop);
  return without(augmented);
}

LabelGraph LabelGraph::without(const std::vector<Token>& nodes) const {
  std::vector<bool> gone(names_.size(), false);
  for (Token t : nodes) {
    if (t < 1 || t > size()) fail("trim: no node has the number ", t);
    if (label_[t]) fail("trim: '", names_[t], "' is a label; only augmented nodes can be dropped");
    gone[t] = true;
  }
  // children of a node with dropped ones replaced by their children, in place and once
  std::vector<Token> met(names_.size(), 0);  // the node for which a child was last met
  auto remaining = [&](Token at) {
    std::vector<Token> out, stack(children(at).rbegin(), children(at).rend());
    while (!stack.empty()) {
      const Token c = stack.back();
      stack.pop_back();
      if (met[c] == at) continue;
      met[c] = at;
      if (!gone[c]) out.push_back(c);
      else stack.insert(stack.end(), children(c).rbegin(), children(c).rend());
    }
    return out;
  };
  Description d;
  d.root = names_.back();
  for (Token t = 1; t <= start(); ++t) {
    if (gone[t]) continue;
    if (t != start()) {
      d.nodes.push_back(names_[t]);
      if (!block_name(t).empty()) d.blocks.emplace_back(names_[t], block_name(t));
      if (label_[t]) d.labels.push_back(names_[t]);
    }
    for (Token c : remaining(t)) d.edges.emplace_back(names_[t], names_[c]);
  }
  return LabelGraph(d);
}

Description LabelGraph::describe() const {
  Description d;
  d.root = names_.back();
  d.nodes = names();
  for (Token t : labels()) d.labels.push_back(names_[t]);
  for (Token c : children(start())) d.edges.emplace_back(names_.back(), names_[c]);
  for (Token t = 1; t <= size(); ++t) {
    if (!block_name(t).empty()) d.blocks.emplace_back(names_[t], block_name(t));
    for (Token c : children(t)) d.edges.emplace_back(names_[t], names_[c]);
  }
  return d;
}

nlohmann::ordered_json LabelGraph::to_json() const {
  Description d = describe();
  nlohmann::ordered_json json{{"root", d.root},
                              {"nodes", d.nodes},
                              {"edges", nlohmann::ordered_json::array()},
                              {"blocks", nlohmann::ordered_json::array()},
                              {"labels", d.labels}};
  for (const auto& [a, b] : d.edges) json["edges"].push_back({a, b});
  for (const auto& [n, b] : d.blocks) json["blocks"].push_back({n, b});
  return json;
}

std::string LabelGraph::to_dot() const {
  auto quoted = [](const std::string& s) {
    std::string out = "\"";
    for (char c : s) out += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
    return out + "\"";
  };
  std::ostringstream out;
  out << "digraph " << quoted(names_.back()) << " {\n";
  std::map<int32_t, std::vector<Token>> members;
  for (Token t = 1; t <= size(); ++t)
    if (!block_name(t).empty()) members[block_[t]].push_back(t);
  for (const auto& [b, nodes] : members) {
    out << "  subgraph " << quoted("cluster_" + block_names_[b]) << " { label=" << quoted(block_names_[b]) << ";";
    for (Token t : nodes) out << " " << quoted(names_[t]) << ";";
    out << " }\n";
  }
  for (Token t : labels()) out << "  " << quoted(names_[t]) << " [shape=box];\n";
  for (const auto& [a, b] : describe().edges) out << "  " << quoted(a) << " -> " << quoted(b) << ";\n";
  out << "}\n";
  return out.str();
}

}  // namespace moonlab::graph
