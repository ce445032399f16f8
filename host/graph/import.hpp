// Label graphs from what others write: CSV edge lists, GraphViz, node-link JSON, dotted names. WordNet is in
// import_wordnet.hpp.
//
// Every reader raises with file and line where the text is not of its format. What a format does not say is completed by
// ImportOptions: the root, the labels, the blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

struct ImportOptions {
  std::string root;                 // empty: the one node that no edge leads to
  std::vector<std::string> labels;  // empty: those the file marks, else every leaf
  bool siblings = false;            // nodes without a block compete with the other children of their first parent
};

/// Lines "parent,child[,block]", separated by comma, semicolon or tab; a first line of these words is a header, whose
/// columns may stand in any order; empty lines and those that start with # are skipped; fields may be quoted ("a ""b""").
Description import_csv(const std::string& path, const ImportOptions& options);

/// The DOT language: digraph with edges (chains and braces too). A node's attribute block="..." or a subgraph whose name
/// starts with "cluster" puts nodes into a block (named by its label), shape=box marks labels, as LabelGraph::to_dot
/// writes them. Other attributes are passed over.
Description import_dot(const std::string& path, const ImportOptions& options);

/// networkx's node-link form { nodes = [{ id, ... }], links or edges = [{ source, target }] } with `name` the node
/// attribute that names it ("id" by default) and an attribute "block"; or the form of LabelGraph::to_json.
Description import_json(const std::string& path, const std::string& name, const ImportOptions& options);

/// Names whose parts are separated, "cs.LG": each lies below its beginning ("cs"), those without a separator below the
/// root. The names are the labels.
Description import_names(const std::vector<std::string>& names, const std::string& separator, const ImportOptions& options);

/// What all readers end with. `where` begins messages.
Description completed(Description description, const ImportOptions& options, const std::string& where);

/// One graph of two: nodes of equal name are one, so that their edges join; `aliases` gives names of `b` another name
/// first. The root of `b` becomes that of `a`. Raises where a node stands in two blocks or the edges make a cycle.
Description merge(const LabelGraph& a, const LabelGraph& b, const std::vector<std::pair<std::string, std::string>>& aliases);

/// What lies below `root` (empty: the whole graph), and with `labels` only what lies above one of them; those are then
/// the labels.
Description subgraph(const LabelGraph& graph, const std::string& root, const std::vector<std::string>& labels);

}  // namespace moonlab::graph
