// Places for the nodes of a directed graph without cycles, in layers, with few crossings (after Sugiyama, Tagawa and
// Toda 1981: layers, orders by barycentre, places). Deterministic.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace moonlab::run {

/// What is laid out. `across` is the direction in which the nodes of a layer stand side by side.
struct LayoutInput {
  std::vector<double> extent;                      // of each node: its size across
  std::vector<int64_t> block;                      // of each node: members of a block stand together; -1: alone
  std::vector<std::pair<int64_t, int64_t>> edges;  // from, to
  double gap = 14;                                 // between nodes of a block
  double block_gap = 34;                           // between blocks
};

struct Layout {
  std::vector<int64_t> layer;              // of each node, from 0
  std::vector<double> across;              // of each node: its centre; the smallest edge of any node is at 0
  std::vector<std::vector<double>> bends;  // of each edge: where it passes the layers between its ends
  double extent = 0;                       // of the widest layer
  int64_t layers = 0;
};

/// Errors: an edge of a node that is not there, a cycle.
Layout layered_layout(const LayoutInput& input);

}  // namespace moonlab::run
