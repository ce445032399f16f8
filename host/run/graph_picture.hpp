// A label graph as a picture: nodes coloured by where their labels come from, blocks boxed, decoded paths drawn over.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::run {

struct GraphPicture {
  struct Node {
    std::string name;
    std::vector<std::string> groups;  // datasets that bind it, or "root" or "augmented"; several share the node's area
    std::string block;                // nodes of one block stand together in a box; "": in none
  };
  struct Path {
    std::vector<int64_t> nodes;  // from the root on
    int64_t count = 1;           // how often it was decoded
    bool deterministic = true;   // otherwise drawn dashed
  };
  std::string title;
  std::vector<Node> nodes;
  std::vector<std::pair<int64_t, int64_t>> edges;
  std::vector<Path> paths;
};

/// The picture as SVG text: from top to bottom, or from left to right where that would be too wide. The same input
/// gives the same bytes everywhere, so Graphviz, whose places differ by version, is not asked. Beside a node's name
/// stands how many paths hold it. A step of a path that is no edge of the graph is drawn red. Errors: a node number
/// out of range, a cycle.
std::string draw_graph(const GraphPicture& picture);

}  // namespace moonlab::run
