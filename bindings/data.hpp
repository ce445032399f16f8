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

}  // namespace moonlab::lua
