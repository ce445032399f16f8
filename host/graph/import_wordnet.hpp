// Label graphs from a WordNet dictionary folder (data.noun, index.noun), such as Debian's wordnet-base installs.
//
// Fellbaum, WordNet 3.0 database format wndb(5WN). Nodes are noun synsets, edges lead from a synset to those that name it
// as hypernym or instance hypernym; children stand in file order.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

enum class SynsetName {
  synset,  // "dog.n.01": the first word, the part of speech and which of the word's senses
  wnid     // "n02084071": the part of speech and the synset's offset, as ImageNet names classes
};

struct WordNetOptions {
  std::string folder;               // empty: the first of $WNSEARCHDIR, $WNHOME/dict, /usr/share/wordnet that has it
  std::string root = "entity.n.01";
  std::vector<std::string> labels;  // synsets by either name, or a word for its first sense; empty: every leaf
  SynsetName names = SynsetName::synset;
  bool only_ancestors = true;       // with labels: only they and what lies above them
  bool blocks = false;              // the children of a node compete: a block each; a node is in its first parent's
};

/// Raises where the folder has no such dictionary, a line is not of the format (with its number), the root or a label is
/// unknown (with the nearest).
Description import_wordnet(const WordNetOptions& options);

}  // namespace moonlab::graph
