// Label graphs from files and from each other, for host.graph.
#include "bindings/graph.hpp"
#include "host/graph/import.hpp"
#include "host/graph/import_wordnet.hpp"
#include "host/graph/path_table.hpp"

namespace moonlab::lua {

using graph::LabelGraph;

namespace {

std::shared_ptr<LabelGraph> self(lua_State* L) { return check_object<LabelGraph>(L, 1); }

int push_graph(lua_State* L, const graph::Description& d) {
  push_object(L, std::make_shared<LabelGraph>(d));
  return 1;
}

/// Options of a reader, from a Lua table of plain values.
struct Options {
  Json json;
  std::string text(const char* key, const char* otherwise = "") const {
    return json.contains(key) ? json[key].get<std::string>() : otherwise;
  }
  std::vector<std::string> list(const char* key) const {
    if (!json.contains(key) || json[key].empty()) return {};
    return json[key].get<std::vector<std::string>>();
  }
  graph::ImportOptions import() const { return {text("root"), list("labels"), text("blocks", "none") == "siblings"}; }
};

/// import(format, { path | names | folder, root, labels, blocks = "none" | "siblings", ... }) -> a label graph
int import(lua_State* L) {
  const std::string format = check_string(L, 1);
  const Options o{to_json(L, 2)};
  if (format == "csv") return push_graph(L, graph::import_csv(o.text("path"), o.import()));
  if (format == "dot") return push_graph(L, graph::import_dot(o.text("path"), o.import()));
  if (format == "json") return push_graph(L, graph::import_json(o.text("path"), o.text("name", "id"), o.import()));
  if (format == "names") return push_graph(L, graph::import_names(o.list("names"), o.text("separator", "."), o.import()));
  if (format == "wordnet") {
    graph::WordNetOptions w;
    w.folder = o.text("folder"), w.labels = o.list("labels"), w.blocks = o.text("blocks", "none") == "siblings";
    w.root = o.text("root", w.root.c_str());
    w.names = o.text("name", "synset") == "wnid" ? graph::SynsetName::wnid : graph::SynsetName::synset;
    return push_graph(L, graph::import_wordnet(w));
  }
  fail("host.graph: no format '", format, "' (csv, dot, json, names, wordnet)");
}

/// merge(other, { [name in other] = name here }) -> one graph of both
int merge(lua_State* L) {
  std::vector<std::pair<std::string, std::string>> aliases;
  if (!lua_isnoneornil(L, 3)) {
    const Json table = to_json(L, 3);
    for (const auto& [from, to] : table.items()) aliases.emplace_back(from, to.get<std::string>());
  }
  return push_graph(L, graph::merge(*self(L), *check_object<LabelGraph>(L, 2), aliases));
}

/// subgraph(root | nil, labels | nil) -> what lies below root, and with labels only what lies above one of them
int subgraph(lua_State* L) {
  return push_graph(L, graph::subgraph(*self(L), optional_string(L, 2, ""),
                                       lua_isnoneornil(L, 3) ? std::vector<std::string>() : check_strings(L, 3)));
}

/// path_tensors(labels | nil | true, limit = 100000) -> { tokens, begin, label, deterministic, skipped = names }: all paths of
/// the labels (nil: of every node that is one; true: of every node), as tensors (host/graph/path_table.hpp)
int path_tensors(lua_State* L) {
  auto g = self(L);
  std::vector<graph::Token> labels;
  if (lua_isnoneornil(L, 2)) labels = g->labels();
  else if (lua_isboolean(L, 2) && lua_toboolean(L, 2))
    for (graph::Token t = 1; t <= g->size(); ++t) labels.push_back(t);
  else
    for (const auto& n : check_strings(L, 2)) labels.push_back(g->at(n));
  const graph::PathTable table(*g, labels, optional_integer(L, 3, 100000));
  auto tensors = table.tensors();
  lua_newtable(L);
  push(L, std::move(tensors.tokens)), lua_setfield(L, -2, "tokens");
  push(L, std::move(tensors.begin)), lua_setfield(L, -2, "begin");
  push(L, std::move(tensors.label)), lua_setfield(L, -2, "label");
  push(L, std::move(tensors.deterministic)), lua_setfield(L, -2, "deterministic");
  std::vector<std::string> skipped;
  for (graph::Token t : table.skipped()) skipped.push_back(g->name(t));
  push(L, skipped), lua_setfield(L, -2, "skipped");
  return 1;
}

/// edges() -> list of { from, to }, in declaration order
int edges(lua_State* L) {
  auto g = self(L);
  lua_newtable(L);
  int i = 0;
  for (const auto& [from, to] : g->describe().edges) {
    push(L, std::vector<std::string>{from, to});
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

}  // namespace

const luaL_Reg kGraphImports[] = {{"import", import}, {nullptr, nullptr}};
const luaL_Reg kGraphMethods[] = {{"merge", merge}, {"subgraph", subgraph}, {"path_tensors", path_tensors}, {"edges", edges}, {nullptr, nullptr}};

}  // namespace moonlab::lua
