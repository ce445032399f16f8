#include "host/graph/label_graph.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <sstream>

#include "host/error.hpp"
#include "host/rng.hpp"

namespace moonlab::graph {

LabelGraph::LabelGraph(const Description& d) {
  if (auto problems = check(d); !problems.empty()) {
    std::string text;
    for (const auto& p : problems) text += (text.empty() ? "" : "\n") + p.text;
    throw Error(text);
  }
  std::vector<std::string> order;
  std::unordered_map<std::string, Token> number;
  auto add = [&](const std::string& name) {
    if (name != d.root && number.emplace(name, static_cast<Token>(order.size()) + 1).second) order.push_back(name);
  };
  for (const auto& n : d.nodes) add(n);
  for (const auto& [from, to] : d.edges) add(from), add(to);

  names_.push_back("<eop>");
  names_.insert(names_.end(), order.begin(), order.end());
  names_.push_back(d.root);
  const Token start = static_cast<Token>(names_.size()) - 1;
  for (Token t = 1; t <= start; ++t) tokens_.emplace(names_[t], t);

  children_.resize(names_.size());
  parents_.resize(names_.size());
  for (const auto& [from, to] : d.edges) {
    const Token a = tokens_.at(from), b = tokens_.at(to);
    children_[a].push_back(b);
    parents_[b].push_back(a);
  }

  std::unordered_map<std::string, std::string> block_of(d.blocks.begin(), d.blocks.end());
  std::unordered_map<std::string, int32_t> known;
  block_.resize(names_.size());
  block_names_.push_back("");  // <eop>
  for (Token t = 1; t < start; ++t) {
    auto named = block_of.find(names_[t]);
    if (named == block_of.end()) {
      block_[t] = blocks();
      block_names_.push_back("");
    } else {
      auto [at, fresh] = known.emplace(named->second, blocks());
      if (fresh) block_names_.push_back(named->second);
      block_[t] = at->second;
    }
  }
  block_[start] = -1;  // the root is never predicted

  label_.assign(names_.size(), false);
  for (const auto& l : d.labels) label_[tokens_.at(l)] = true;

  // counts and depth in topological order
  constexpr int64_t kMost = int64_t{1} << 62;
  std::vector<int> waiting(names_.size()), level(names_.size(), 0);
  for (Token t = 1; t <= start; ++t) waiting[t] = static_cast<int>(parents_[t].size());
  counts_.assign(names_.size(), 0);
  counts_[start] = 1;
  std::vector<Token> ready{start};
  while (!ready.empty()) {
    const Token at = ready.back();
    ready.pop_back();
    depth_ = std::max(depth_, level[at]);
    for (Token c : children_[at]) {
      counts_[c] = counts_[c] > kMost - counts_[at] ? kMost : counts_[c] + counts_[at];
      level[c] = std::max(level[c], level[at] + 1);
      if (--waiting[c] == 0) ready.push_back(c);
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

namespace {

// A path is nondeterministic where one of its nodes competes with a node of another path to the same label.
void judge(const LabelGraph& graph, std::vector<Path>& paths) {
  std::map<int32_t, std::map<Token, int64_t>> through;  // block -> node -> paths that hold it
  for (const auto& p : paths)
    for (Token t : p.tokens) ++through[graph.block(t)][t];
  for (auto& p : paths) {
    auto holds = [&](Token t) { return std::find(p.tokens.begin(), p.tokens.end(), t) != p.tokens.end(); };
    for (Token u : p.tokens) {
      // all but a few of the rivals are on other paths alone: the search ends at once
      const auto& rivals = through[graph.block(u)];
      p.deterministic = rivals.size() < 2 || std::none_of(rivals.begin(), rivals.end(), [&](const auto& rival) {
                          return rival.first != u && rival.second > (holds(rival.first) ? 1 : 0);
                        });
      if (!p.deterministic) break;
    }
  }
}

}  // namespace

std::vector<Path> LabelGraph::paths(Token label, int64_t limit) const {
  if (label < 1 || label > size()) fail("no node has the number ", label, " (1 to ", size(), ")");
  if (counts_[label] > limit)
    fail("node '", names_[label], "' has ", counts_[label], " paths from the root, more than ", limit,
         "; trim the graph or raise the limit");
  std::vector<bool> above(names_.size(), false);
  std::vector<Token> queue{label};
  above[label] = true;
  while (!queue.empty()) {
    const Token at = queue.back();
    queue.pop_back();
    for (Token p : parents_[at])
      if (!above[p]) above[p] = true, queue.push_back(p);
  }
  std::vector<Path> found;
  std::vector<Token> path;
  std::vector<std::pair<Token, size_t>> stack{{start(), 0}};
  while (!stack.empty()) {
    auto& [at, next] = stack.back();
    if (at == label) {
      found.push_back({path, true});
      stack.pop_back();
      path.pop_back();
      continue;
    }
    while (next < children_[at].size() && !above[children_[at][next]]) ++next;
    if (next == children_[at].size()) {
      stack.pop_back();
      if (!path.empty()) path.pop_back();
      continue;
    }
    const Token child = children_[at][next++];
    path.push_back(child);
    stack.emplace_back(child, 0);
  }
  judge(*this, found);
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
    std::vector<Token> out, stack(children_[at].rbegin(), children_[at].rend());
    while (!stack.empty()) {
      const Token c = stack.back();
      stack.pop_back();
      if (met[c] == at) continue;
      met[c] = at;
      if (!gone[c]) out.push_back(c);
      else stack.insert(stack.end(), children_[c].rbegin(), children_[c].rend());
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
  for (Token c : children_[start()]) d.edges.emplace_back(names_.back(), names_[c]);
  for (Token t = 1; t <= size(); ++t) {
    if (!block_name(t).empty()) d.blocks.emplace_back(names_[t], block_name(t));
    for (Token c : children_[t]) d.edges.emplace_back(names_[t], names_[c]);
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
