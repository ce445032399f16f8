// Tensors as Lua values: full userdata, charged to the memory governor, freed by scopes.
#pragma once

#include "bindings/state.hpp"
#include <ATen/core/Generator.h>

#include "host/tensor/value.hpp"

namespace moonlab::lua {

struct Scope;

extern const char kTensorTag;

struct TensorRef {
  const void* tag;  // kTensorTag: with its size, what tells a tensor from other userdata in one look
  at::Tensor tensor;
  const void* charge = nullptr;  // what the governor gives back
  Scope* scope = nullptr;        // the scope that frees it, if any
  uint32_t slot = 0;             // its place there
  bool known = false;            // met again by identity (State::identity_ref)
  const char* freed = nullptr;   // where it was freed: interned, never released
};

/// The tensors made since scope() was entered, in order; gaps where one died or was kept.
struct Scope {
  std::vector<TensorRef*> made;
  std::string where;
};

/// The userdata's content where there is a tensor at this position (freed or not), else nullptr.
TensorRef* test_ref(lua_State* L, int index);

/// The tensor at this position will be met again (a parameter, a leaf): from now on it is this Lua value. Takes it out
/// of its scope.
void remember(lua_State* L, int index);

/// Reads a Lua value as an operator's argument. The Values' items grow; texts and tensors point into the Lua stack or
/// into tables reachable from it.
Value read_value(lua_State* L, int index, Values& values);

/// Any other value of LibTorch as an opaque object; generators among them.
void push_ivalue(lua_State* L, c10::IValue value);

/// The generator at a position, undefined where nil.
at::Generator optional_generator(lua_State* L, int index);

}  // namespace moonlab::lua
