// The parts of require "host.tensor": each file gives its functions in a list, tensor.cpp puts them together.
#pragma once

#include "bindings/tensor.hpp"

namespace moonlab::lua {

extern const luaL_Reg kScopeFunctions[];     // scope.cpp: free, keep, scope, memory
extern const luaL_Reg kPropertyFunctions[];  // tensor_properties.cpp
extern const luaL_Reg kIndexFunctions[];     // tensor_index.cpp
extern const luaL_Reg kObjectMeta[];         // rng.cpp: what opaque objects of LibTorch answer, generators above all
extern const luaL_Reg kDataFunctions[];      // tensor_data.cpp: numbers, tables and texts

// ---- the life of a TensorRef, for tensor.cpp and scope.cpp ----------------------------------------------------------

void enter_scope(State& state, TensorRef& ref);
void leave_scope(TensorRef& ref);
/// Forgets the tensor; the userdata stays and says where it was freed (an interned text).
void release(State& state, TensorRef& ref, const char* where) noexcept;

/// After an allocation failed: collects what the script no longer holds and empties the device's cache.
void make_room(lua_State* L);

int tensor_gc(lua_State* L);
int to_text(lua_State* L);

}  // namespace moonlab::lua
