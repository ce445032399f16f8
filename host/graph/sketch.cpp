#include "host/graph/sketch.hpp"

#include <algorithm>
#include <unordered_set>

#include "host/error.hpp"

namespace moonlab::graph {

int Sketch::add(std::string_view name) {
  auto [at, fresh] = index.emplace(name, static_cast<int>(names.size()));
  if (fresh) names.push_back(name);
  return at->second;
}

Sketch::Sketch(const Description& d) {
  index.reserve(d.nodes.size() + d.edges.size() / 8 + 16);
  add(d.root);
  for (const auto& n : d.nodes) add(n);
  edges.reserve(d.edges.size());
  for (const auto& [from, to] : d.edges) {
    const int a = add(from), b = add(to);
    edges.emplace_back(a, b);
  }
  first.assign(names.size() + 1, 0);
  for (const auto& [a, b] : edges) ++first[a + 1];
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  targets.resize(edges.size());
  std::vector<int> next(first.begin(), first.end() - 1);
  for (const auto& [a, b] : edges) targets[next[a]++] = b;
}

// Depth first without recursion: WordNet is deep. Reports each cycle once, at the edge that closes it.
void Sketch::find_cycles(std::vector<Problem>& problems) const {
  std::vector<char> state(names.size(), 0);  // 0 new, 1 on the path, 2 done
  std::vector<std::pair<int, int>> path;     // node, next of its targets
  for (int from = 0; from < static_cast<int>(names.size()); ++from) {
    if (state[from]) continue;
    path.assign(1, {from, first[from]});
    state[from] = 1;
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next == first[node + 1]) {
        state[node] = 2;
        path.pop_back();
        continue;
      }
      const int child = targets[next++];
      if (state[child] == 0) {
        state[child] = 1;
        path.emplace_back(child, first[child]);
      } else if (state[child] == 1) {
        auto begin = std::find_if(path.begin(), path.end(), [&](const auto& p) { return p.first == child; });
        std::string text = "cycle ";
        for (auto p = begin; p != path.end(); ++p) text += std::string(names[p->first]) + "->";
        problems.push_back({text + std::string(names[child]), std::string(names[child])});
      }
    }
  }
}

std::vector<char> Sketch::reached() const {
  std::vector<char> reached(names.size(), 0);
  std::vector<int> queue{0};
  reached[0] = 1;
  while (!queue.empty()) {
    const int at = queue.back();
    queue.pop_back();
    for (int i = first[at]; i < first[at + 1]; ++i)
      if (!reached[targets[i]]) reached[targets[i]] = 1, queue.push_back(targets[i]);
  }
  return reached;
}

std::vector<Problem> Sketch::problems(const Description& d) const {
  std::vector<Problem> problems;
  if (d.root.empty()) return {{"no root is named", ""}};
  if (d.nodes.empty() && d.edges.empty()) return {{"no node stands below the root '" + d.root + "'", d.root}};
  std::vector<char> declared(names.size(), 0);
  for (const auto& n : d.nodes) {
    if (n == d.root) problems.push_back({"the root '" + n + "' is declared as a node below itself", n});
    else if (char& before = declared[find(n)]; before) problems.push_back({"node '" + n + "' is declared twice", n});
    else before = 1;
  }
  std::unordered_set<uint64_t> seen;
  seen.reserve(edges.size());
  for (size_t i = 0; i < edges.size(); ++i) {
    const auto& [from, to] = d.edges[i];
    const auto [a, b] = edges[i];
    if (!seen.insert(static_cast<uint64_t>(a) << 32 | static_cast<uint32_t>(b)).second)
      problems.push_back({"edge " + from + "->" + to + " stands twice", to});
    if (b == 0) problems.push_back({"an edge leads into the root: " + from + "->" + to, from});
  }
  for (const auto& name : names)
    if (name.empty() || name == "<eop>" || name == "<start>")
      problems.push_back({"'" + std::string(name) + "' cannot name a node", std::string(name)});
  const std::vector<std::string> all =
      d.blocks.empty() ? std::vector<std::string>() : std::vector<std::string>(names.begin(), names.end());
  std::unordered_map<std::string_view, std::string_view> block_of;
  for (const auto& [node, block] : d.blocks) {
    if (find(node) < 0)
      problems.push_back({"block '" + block + "' holds '" + node + "', which is no node" + did_you_mean(node, all), node});
    auto [known, fresh] = block_of.emplace(node, block);
    if (!fresh && known->second != block)
      problems.push_back(
          {"node '" + node + "' stands in two blocks, '" + std::string(known->second) + "' and '" + block + "'", node});
  }
  find_cycles(problems);

  const auto reached = this->reached();
  std::unordered_set<std::string_view> labels;
  for (const auto& label : d.labels) {
    if (!labels.insert(label).second) continue;
    const int known = find(label);
    if (known == 0) problems.push_back({"the root '" + label + "' cannot be a label", label});
    else if (known < 0 || !reached[known]) {
      std::vector<std::string> reachable;
      for (size_t i = 1; i < names.size(); ++i)
        if (reached[i]) reachable.emplace_back(names[i]);
      std::string near = nearest(label, reachable);
      problems.push_back({"label '" + label + "' is not reachable from the root '" + d.root + "'" +
                              (near.empty() || near == label ? "" : "; nearest node '" + near + "'"),
                          label});
    }
  }
  for (size_t i = 0; i < names.size(); ++i)
    if (!reached[i] && !labels.count(names[i]))
      problems.push_back({"node '" + std::string(names[i]) + "' is not reachable from the root '" + d.root + "'",
                          std::string(names[i])});
  return problems;
}

std::vector<Problem> LabelGraph::check(const Description& d) { return Sketch(d).problems(d); }

}  // namespace moonlab::graph
