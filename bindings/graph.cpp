// Label graphs for Lua: require "host.graph". Nodes are given by name or by token (0 is <eop>, 1.. the nodes in
// declaration order below the root).
#include "bindings/graph.hpp"

#include "bindings/all.hpp"

namespace moonlab::lua {

using graph::LabelGraph;
using graph::Token;

Token check_node(lua_State* L, int index, const LabelGraph& g) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    const int64_t t = check_integer(L, index);
    if (t < 1 || t > g.start()) fail("the graph '", g.name(g.start()), "' has no node ", t, " (1 to ", g.size(), ")");
    return static_cast<Token>(t);
  }
  return g.at(check_string(L, index));
}

namespace {

std::shared_ptr<LabelGraph> self(lua_State* L) { return check_object<LabelGraph>(L, 1); }

/// build { root, nodes, edges, blocks, labels } -> a label graph; raises every problem, a line each.
int build(lua_State* L) {
  push_object(L, std::make_shared<LabelGraph>(graph::Description::from_json(to_json(L, 1))));
  return 1;
}

/// check { ... } -> list of { text, node }, empty for a sound description
int check(lua_State* L) {
  lua_newtable(L);
  int i = 0;
  for (const auto& p : LabelGraph::check(graph::Description::from_json(to_json(L, 1)))) {
    lua_newtable(L);
    push(L, std::string_view(p.text)), lua_setfield(L, -2, "text");
    push(L, std::string_view(p.node)), lua_setfield(L, -2, "node");
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int names(lua_State* L) {
  push(L, self(L)->names());
  return 1;
}

int name(lua_State* L) {
  auto g = self(L);
  push(L, std::string_view(g->name(check_node(L, 2, *g))));
  return 1;
}

int root(lua_State* L) {
  auto g = self(L);
  push(L, std::string_view(g->name(g->start())));
  return 1;
}

int token(lua_State* L) {
  auto g = self(L);
  lua_pushinteger(L, check_node(L, 2, *g));
  return 1;
}

int size(lua_State* L) {
  lua_pushinteger(L, self(L)->size());
  return 1;
}

int bind(lua_State* L) {
  auto g = self(L);
  g->bind(check_node(L, 2, *g));
  return 0;
}

int is_label(lua_State* L) {
  auto g = self(L);
  lua_pushboolean(L, g->is_label(check_node(L, 2, *g)));
  return 1;
}

std::vector<std::string> names_of(const LabelGraph& g, std::span<const Token> tokens) {
  std::vector<std::string> list;
  for (Token t : tokens) list.push_back(g.name(t));
  return list;
}

int labels(lua_State* L) {
  auto g = self(L);
  push(L, names_of(*g, g->labels()));
  return 1;
}

int children(lua_State* L) {
  auto g = self(L);
  push(L, names_of(*g, g->children(check_node(L, 2, *g))));
  return 1;
}

int block(lua_State* L) {
  auto g = self(L);
  const auto& name = g->block_name(check_node(L, 2, *g));
  if (name.empty()) lua_pushnil(L);
  else push(L, std::string_view(name));
  return 1;
}

/// paths(label, limit) -> list of { path = names from below the root, kind = "det" | "nondet" }
int paths(lua_State* L) {
  auto g = self(L);
  const auto found = g->paths(check_node(L, 2, *g), optional_integer(L, 3, 100000));
  lua_newtable(L);
  int i = 0;
  for (const auto& p : found) {
    lua_newtable(L);
    push(L, names_of(*g, p.tokens)), lua_setfield(L, -2, "path");
    push(L, std::string_view(p.deterministic ? "det" : "nondet")), lua_setfield(L, -2, "kind");
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int path_count(lua_State* L) {
  auto g = self(L);
  lua_pushnumber(L, static_cast<double>(g->path_count(check_node(L, 2, *g))));
  return 1;
}

/// deterministic(path): path is a list of names or tokens below the root
int deterministic(lua_State* L) {
  auto g = self(L);
  if (!lua_istable(L, 2)) argument_error(L, 2, "a list of nodes");
  std::vector<Token> tokens;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, 2)); i <= n; ++i) {
    lua_rawgeti(L, 2, i);
    tokens.push_back(check_node(L, lua_gettop(L), *g));
    lua_pop(L, 1);
  }
  lua_pushboolean(L, g->deterministic(tokens));
  return 1;
}

int depth(lua_State* L) {
  lua_pushinteger(L, self(L)->depth());
  return 1;
}

/// trim(share, seed = 0) -> a graph without that share of its augmented nodes
int trim(lua_State* L) {
  auto trimmed = self(L)->trim(check_number(L, 2), static_cast<uint64_t>(optional_integer(L, 3, 0)));
  push_object(L, std::make_shared<LabelGraph>(std::move(trimmed)));
  return 1;
}

/// without(nodes) -> a graph without the listed augmented nodes
int without(lua_State* L) {
  auto g = self(L);
  std::vector<Token> tokens;
  for (const auto& n : check_strings(L, 2)) tokens.push_back(g->at(n));
  push_object(L, std::make_shared<LabelGraph>(g->without(tokens)));
  return 1;
}

int describe_graph(lua_State* L) {
  push(L, self(L)->to_json());
  return 1;
}

int to_json_text(lua_State* L) {
  push(L, std::string_view(self(L)->to_json().dump()));
  return 1;
}

int to_dot(lua_State* L) {
  push(L, std::string_view(self(L)->to_dot()));
  return 1;
}

int to_text(lua_State* L) {
  auto g = self(L);
  push(L, std::string_view("label graph '" + g->name(g->start()) + "': " + std::to_string(g->size()) + " nodes, " +
                           std::to_string(g->labels().size()) + " labels, depth " + std::to_string(g->depth())));
  return 1;
}

}  // namespace

int open_graph(lua_State* L) {
  std::vector<luaL_Reg> methods{{"names", names},
                              {"name", name},
                              {"root", root},
                              {"token", token},
                              {"size", size},
                              {"bind", bind},
                              {"is_label", is_label},
                              {"labels", labels},
                              {"children", children},
                              {"block", block},
                              {"paths", paths},
                              {"path_count", path_count},
                              {"deterministic", deterministic},
                              {"depth", depth},
                              {"trim", trim},
                              {"without", without},
                              {"describe", describe_graph},
                              {"to_json", to_json_text},
                              {"to_dot", to_dot}};
  for (const luaL_Reg* m = kGraphMethods; m->name; ++m) methods.push_back(*m);
  methods.push_back({nullptr, nullptr});
  const luaL_Reg meta[] = {{"__tostring", to_text}, {nullptr, nullptr}};
  register_type<LabelGraph>(L, methods.data(), meta);
  const luaL_Reg functions[] = {{"build", build}, {"check", check}, {nullptr, nullptr}};
  push_library(L, functions);
  luaL_register(L, nullptr, kGraphImports);
  return 1;
}

}  // namespace moonlab::lua
