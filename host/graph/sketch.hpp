// A description's names as numbers, before anything is known to be right: what checking and building share.
#pragma once

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

/// The root is 0, the nodes follow in declaration order, then those that only edges name. Views into the description.
struct Sketch {
  explicit Sketch(const Description& description);

  int find(std::string_view name) const {  // -1: no such name
    auto at = index.find(name);
    return at == index.end() ? -1 : at->second;
  }
  std::vector<Problem> problems(const Description& description) const;

  std::vector<std::string_view> names;
  std::unordered_map<std::string_view, int> index;
  std::vector<std::pair<int, int>> edges;
  std::vector<int> first, targets;  // children of node i: targets[first[i]] to targets[first[i + 1]]

 private:
  int add(std::string_view name);
  void find_cycles(std::vector<Problem>& problems) const;
  std::vector<char> reached() const;
};

}  // namespace moonlab::graph
