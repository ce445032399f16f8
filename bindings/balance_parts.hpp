// What the files of the balance binding share.
#pragma once

#include "bindings/lua.hpp"
#include "host/balance/metabalance.hpp"
#include "host/balance/mtadam.hpp"
#include "host/balance/surgery.hpp"
#include "host/balance/task_weights.hpp"

namespace moonlab::lua {

using balance::TaskGradients;

template <>
struct TypeName<balance::Balance> {
  static constexpr const char* value = "balance of gradients";
};
template <>
struct TypeName<TaskGradients> {
  static constexpr const char* value = "gradients of tasks";
};
template <>
struct TypeName<balance::GradNorm> {
  static constexpr const char* value = "gradnorm";
};
template <>
struct TypeName<balance::Dwa> {
  static constexpr const char* value = "dwa";
};
template <>
struct TypeName<balance::MtAdam> {
  static constexpr const char* value = "mtadam";
};

/// The object at a position, or one made of lists of tensors by task.
std::shared_ptr<TaskGradients> check_gradients(lua_State* L, int index);
/// A list; false for what is undefined.
void push_gradients(lua_State* L, balance::Tensors&& list);
void push_lists(lua_State* L, std::vector<balance::Tensors>&& lists);

/// object:state_dict() -> { name = tensor }
template <class T>
int state_dict(lua_State* L) {
  lua_newtable(L);
  for (const auto& [name, tensor] : check_object<T>(L, 1)->state()) {
    push(L, tensor);
    lua_setfield(L, -2, name.c_str());
  }
  return 1;
}

/// object:load_state_dict({ name = tensor })
template <class T>
int load_state_dict(lua_State* L) {
  auto object = check_object<T>(L, 1);
  if (!lua_istable(L, 2)) argument_error(L, 2, "a table of named tensors");
  std::map<std::string, at::Tensor> state;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) argument_error(L, 2, "a table of named tensors");
    state[lua_tostring(L, -2)] = check_tensor(L, lua_gettop(L));
  }
  object->set_state(state);
  return 0;
}

/// Adds normalised, gradnorm, dwa and mtadam to the table on top.
void add_task_weights(lua_State* L);

}  // namespace moonlab::lua
