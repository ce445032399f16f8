// Hierarchical clustering of a matrix of distances, and where the lines of its dendrogram go.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace moonlab::metric {

enum class Linkage { single, complete, average };

/// "single", "complete" or "average" (UPGMA). Errors: another word, with the nearest.
Linkage linkage_named(const std::string& name);

/// Two clusters become one. Numbers 0..k-1 are the items, k + i is the cluster that merge i made.
struct Merge {
  int64_t left, right;  // left < right
  double height;        // their distance
  int64_t size;         // items in the new cluster
};

/// The k - 1 merges of k items, by height, as scipy.cluster.hierarchy.linkage lists them: the nearest-neighbour chain
/// (Murtagh 1985) for complete and average, Prim's tree for single, and among equal heights the same order. O(k^2).
/// @param distances k * k numbers, row by row; the diagonal is not read
/// Errors: not k * k numbers, one that is not finite, a matrix that is not symmetric. No merges for k < 2.
std::vector<Merge> linkage(std::vector<double> distances, int64_t k, Linkage method);

enum class BranchOrder {
  none,        // left as in the merge
  ascending,   // the branch that was made at the smaller height first
  descending,  // the one of the larger height first
};

/// "none", "ascending", "descending". Errors: another word.
BranchOrder branch_order_named(const std::string& name);

/// A merge as it is drawn: up from the left branch, across, and down to the right one.
struct DendrogramLink {
  int64_t cluster;          // the number it made
  std::array<double, 4> x;  // leaves stand at 0, 1, 2, ...
  std::array<double, 4> y;  // heights
};

struct Dendrogram {
  std::vector<int64_t> order;         // the items from left to right
  std::vector<DendrogramLink> links;  // branches before what joins them
};

/// scipy.cluster.hierarchy.dendrogram's layout (`leaves`; `icoord` is 5 + 10 x), with its distance_sort as `order`.
/// Errors: merges that do not name each cluster once.
Dendrogram dendrogram(const std::vector<Merge>& merges, BranchOrder order = BranchOrder::none);

}  // namespace moonlab::metric
