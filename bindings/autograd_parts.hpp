// What the files of require "host.autograd" share.
#pragma once

#include "bindings/tensor.hpp"

namespace moonlab::lua {

using Tensors = std::vector<at::Tensor>;

extern const luaL_Reg kCustomFunctions[];  // autograd_custom.cpp: custom functions
extern const luaL_Reg kNodeFunctions[];    // autograd_node.cpp: nodes of the graph, hooks on them, on saved tensors
void register_node_types(lua_State* L);
void register_custom_types(lua_State* L);

/// A Lua value, mostly a function that LibTorch calls: kept in the registry for as long as C++ holds it.
class Callback {
 public:
  Callback(lua_State* L, int index) : owner_(&State::of(L)) {
    lua_pushvalue(L, index);
    ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  ~Callback() {
    // a graph may outlive the state, or die on another thread: then the registry is not ours to touch
    if (alive()) luaL_unref(owner_->main, LUA_REGISTRYINDEX, ref_);
  }
  Callback(const Callback&) = delete;

  lua_State* enter() const {
    if (!alive()) fail("a function of the script was called on a thread that is not its own");
    lua_rawgeti(owner_->main, LUA_REGISTRYINDEX, ref_);
    return owner_->main;
  }

 private:
  bool alive() const { return State::running() == owner_; }
  State* owner_;
  int ref_;
};

/// The tensors above `base`, which leave the stack; nil and torch.None are undefined ones. `who` returned them.
Tensors pop_results(lua_State* l, int base, const char* who);

}  // namespace moonlab::lua
