// Values between Lua and operators. See also bindings/tensor.hpp: read_value, push_ivalue.
#pragma once

#include <ATen/core/ivalue.h>

#include "bindings/tensor.hpp"

namespace moonlab::lua {

/// A trailing table with only string keys, at least one.
bool is_keywords(lua_State* L, int index);
/// Its entries as named values; their texts point into the table.
void read_keywords(lua_State* L, int index, Values& values);
/// Pushes a result; with `dtype` integers are dtypes and become their names. What Lua has no value for (packed parameters,
/// storages, generators) becomes an opaque object.
void push_result(lua_State* L, c10::IValue&& value, bool dtype);
/// The type of these objects; once for each state.
void register_values(lua_State* L);

}  // namespace moonlab::lua
