// Label graphs as Lua values.
#pragma once

#include "bindings/lua.hpp"
#include "host/graph/label_graph.hpp"

namespace moonlab::lua {

template <>
struct TypeName<graph::LabelGraph> {
  static constexpr const char* value = "label graph";
};

/// What graph_import.cpp adds to the library and to graphs.
extern const luaL_Reg kGraphImports[], kGraphMethods[];

/// A node by its name or its token.
graph::Token check_node(lua_State* L, int index, const graph::LabelGraph& graph);

}  // namespace moonlab::lua
