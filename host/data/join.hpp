// Several datasets on the nodes of one label graph: which class is which node, and what they share.
#pragma once

#include <string>
#include <vector>

#include "host/data/dataset.hpp"

namespace moonlab::data {

/// The node of each class of `data`: the one of the same name. `nodes` are the graph's node names, by node number.
/// Errors, all of a dataset's in one text: "digits: no node carries the class 'tow'; did you mean 'two'?"
std::vector<int64_t> bind_classes(const Dataset& data, const std::vector<std::string>& nodes);

/// The samples of `a`, by their index in it, that `b` holds too: images of one shape, or texts, equal byte by byte,
/// whatever file they came from.
std::vector<int64_t> shared(const Dataset& a, const Dataset& b);

/// `a` without the samples that one of `others` holds too. Errors: none is left.
Dataset without(const Dataset& a, const std::vector<Dataset>& others);

/// One label of a join.
struct LabelCount {
  std::string name;
  int64_t node;
  std::vector<int64_t> samples;  // of each dataset; 0 where the dataset has no such class
};

/// Every node that some dataset binds, in the order of the nodes. `targets` as bind_classes gave them.
std::vector<LabelCount> count_labels(const std::vector<Dataset>& datasets,
                                     const std::vector<std::vector<int64_t>>& targets,
                                     const std::vector<std::string>& nodes);

}  // namespace moonlab::data
