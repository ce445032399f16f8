// Distances between labels: between learnt vectors, from learnt similarities, and along a label graph.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::metric {

/// Euclidean distances between the rows of float [K, d]: float64 [K, K] on the CPU, exact zeros on the diagonal.
at::Tensor vector_distances(const at::Tensor& vectors);

/// Distances between labels of which only similarities are known, as LwAL reads Label Embedding Networks: S = (E + E^T)
/// / 2 moved to [0, 1], taken apart as U diag(l) U^T, and the Euclidean distances between the rows of U sqrt(l). What
/// is below 0 among l counts as 0.
/// @param similarities float [K, K], larger is more alike -> float64 [K, K] on the CPU
/// Errors: not square, or a value that is not finite.
at::Tensor similarity_distances(const at::Tensor& similarities);

/// Edges of the shortest path between two nodes over a common ancestor: the distance of WordNet's hypernyms.
/// float64 [K, K] on the CPU; infinite where a pair has no common ancestor (in a graph with one root there is always
/// one).
at::Tensor ancestor_distances(const graph::LabelGraph& graph, const std::vector<graph::Token>& nodes);

/// The same between synsets of a WordNet dictionary, named as graph.wordnet names them ("dog.n.01", "dog",
/// "n02084071").
/// @param folder of the dictionary; empty: where it is installed
/// Errors: those of import_wordnet; a synset that is named twice.
at::Tensor wordnet_distances(const std::vector<std::string>& synsets, const std::string& folder);

}  // namespace moonlab::metric
