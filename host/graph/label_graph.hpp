// Label graphs: one root, labels and augmented nodes, blocks of competing nodes (Definitions 3.1 to 3.3 of 000).
//
// Nodes are numbered as the decoder's tokens: 0 is <eop>, 1..size() are the nodes in declaration order without the
// root, size()+1 is <start>, which stands for the root. A graph is not changed once built, but for which nodes are
// labels: a dataset binds them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moonlab::graph {

using Token = int32_t;
constexpr Token kEnd = 0;  // <eop>

/// What is wrong with a description, and the node to look at.
struct Problem {
  std::string text, node;
};

/// A graph as written: names only, not yet checked.
struct Description {
  std::string root;
  std::vector<std::string> nodes;  // declaration order; nodes that only edges name follow in their order
  std::vector<std::pair<std::string, std::string>> edges;
  std::vector<std::pair<std::string, std::string>> blocks;  // node, block; a node stands in one block
  std::vector<std::string> labels;

  /// { root, nodes = {..}, edges = {{from, to}, ..}, blocks = { node = block } (or group), labels = {..} }
  static Description from_json(const nlohmann::ordered_json& json);
};

struct Path {
  std::vector<Token> tokens;  // from below the root to the label
  bool deterministic = true;
};

class LabelGraph {
 public:
  /// Raises one Error with every problem, a line each.
  explicit LabelGraph(const Description& description);

  /// All that is wrong, in the order of the description: cycles, unknown and unreachable nodes, double declarations.
  static std::vector<Problem> check(const Description& description);

  Token size() const { return static_cast<Token>(names_.size()) - 2; }  // nodes without the root
  Token start() const { return size() + 1; }
  const std::string& name(Token t) const { return names_.at(t); }  // "<eop>", ..., the root's own name
  Token find(std::string_view name) const;                         // -1: no such node
  Token at(std::string_view name) const;                           // raises with the nearest name
  std::vector<std::string> names() const { return {names_.begin() + 1, names_.end() - 1}; }

  std::span<const Token> children(Token t) const { return children_.of(t); }  // in declaration order
  std::span<const Token> parents(Token t) const { return parents_.of(t); }
  bool leaf(Token t) const { return children(t).empty(); }
  const std::vector<Token>& topological() const { return topological_; }  // every node after its parents; start() first
  /// Number of the block; nodes without one have a block of their own, and so has <eop> (block 0).
  int32_t block(Token t) const { return block_[t]; }
  const std::string& block_name(Token t) const { return block_names_[block_[t]]; }  // "" for a block of its own
  bool has_blocks() const { return has_blocks_; }  // whether any two nodes may compete
  int32_t blocks() const { return static_cast<int32_t>(block_names_.size()); }
  bool competing(Token a, Token b) const { return a != b && block_[a] == block_[b]; }

  bool is_label(Token t) const { return label_[t]; }
  void bind(Token t) { label_[t] = true; }
  std::vector<Token> labels() const;

  int depth() const { return depth_; }  // edges of the longest path
  /// All simple paths from the root to a node, depth first, children in declaration order, with their kinds. Raises
  /// where there are more than `limit` (and says how many).
  std::vector<Path> paths(Token label, int64_t limit = 100000) const;
  /// Number of paths without enumerating them; saturates at 2^62.
  int64_t path_count(Token label) const { return counts_[label]; }
  /// Whether a path competes with another path to its last node. A path that is none of them raises.
  bool deterministic(const std::vector<Token>& path) const;

  /// A graph without round(share * augmented) augmented nodes, chosen by seed; their parents get their children.
  LabelGraph trim(double share, uint64_t seed) const;
  LabelGraph without(const std::vector<Token>& nodes) const;

  Description describe() const;
  nlohmann::ordered_json to_json() const;  // the description's form; labels included
  std::string to_dot() const;              // GraphViz, blocks as boxes

 private:
  std::vector<std::string> names_, block_names_;
  std::unordered_map<std::string_view, Token> tokens_;  // views into names_
  struct Links {
    std::vector<int32_t> first;
    std::vector<Token> to;
    std::span<const Token> of(Token t) const { return {to.data() + first[t], static_cast<size_t>(first[t + 1] - first[t])}; }
  };
  Links children_, parents_;
  std::vector<Token> topological_;
  bool has_blocks_ = false;
  std::vector<int32_t> block_;
  std::vector<bool> label_;
  std::vector<int64_t> counts_;
  int depth_ = 0;

 public:
  LabelGraph(const LabelGraph& other) : LabelGraph(other.describe()) {}
  LabelGraph& operator=(const LabelGraph&) = delete;
};

}  // namespace moonlab::graph
