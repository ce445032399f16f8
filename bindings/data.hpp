// Datasets as Lua sees them, for the bindings that take one.
#pragma once

#include "bindings/lua.hpp"
#include "host/data/dataset.hpp"

namespace moonlab::lua {

template <>
struct TypeName<data::Dataset> {
  static constexpr const char* value = "dataset";
};

/// A table of options with known keys; anything else is refused with the nearest key.
Json check_options(lua_State* L, int index, const std::vector<std::string>& keys);

/// Pushes a dataset; gives 1, the number of results.
int give(lua_State* L, data::Dataset dataset);

// What host.data is made of: the types, and the functions that stand in a file of their own.
void register_dataset(lua_State* L);
void register_loader(lua_State* L);
int new_loader(lua_State* L);
int epoch_shares(lua_State* L);
int bind_classes(lua_State* L);
int count_labels(lua_State* L);

}  // namespace moonlab::lua
