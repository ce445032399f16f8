// Plain values of weights files as Lua values, and back.
//
// A list is an array table; tuples and torch.Size too, marked; a dict a table by its keys, None among its values being
// nil; a set {[element] = true}; None in a list torch.None; bytes a string. What a table alone cannot say stands in its
// metatable:
//   __python      "dict", "OrderedDict", "Counter", "tuple", "Size", "set", or "list" where it is empty
//   __keys        the keys in order, also of those whose value is None
//   __none        {[key] = true} of those
//   __attributes  of the Python object beside its items (_metadata of a state dict)
#pragma once

#include "bindings/lua.hpp"
#include "host/weights/pickle_value.hpp"

namespace moonlab::lua {

/// Pushes a value with all it holds; shared parts are shared tables, cycles cycles. `int64` is a Lua function (high,
/// low) -> cdata for integers that a number cannot hold, at this stack position. Not recursive.
void push_pickled(lua_State* L, weights::Ref root, int int64);

/// The Lua value at a position, with all it holds, made in the arena. Throws Error that says where in the value there
/// is something that cannot be written: "a function at model.callback".
weights::Ref read_pickled(lua_State* L, int index, weights::Arena& arena);

/// Pushes the list of a table's keys: in the order that its metatable tells, then new ones, numbers before texts.
void push_keys(lua_State* L, int index);

}  // namespace moonlab::lua
