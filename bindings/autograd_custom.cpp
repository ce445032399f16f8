// Custom functions for Lua: forward, backward and jvp are Lua functions, with a context table made for each call.
#include "bindings/autograd_parts.hpp"
#include "host/tensor/custom_function.hpp"

namespace moonlab::lua {

template <>
struct TypeName<SavedTensors> {
  static constexpr const char* value = "saved tensors";
};

namespace {

void push_list(lua_State* L, const Tensors& tensors) {
  lua_createtable(L, static_cast<int>(tensors.size()), 0);
  for (size_t i = 0; i < tensors.size(); ++i) {
    push(L, tensors[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

/// saved:tensors() -> list, with nil where nil was saved
int tensors(lua_State* L) {
  push_list(L, check_object<SavedTensors>(L, 1)->unpack());
  return 1;
}

/// saved:needs() -> list of booleans, one for each argument of the call
int needs(lua_State* L) {
  const auto flags = check_object<SavedTensors>(L, 1)->needs_input_grad();
  lua_createtable(L, static_cast<int>(flags.size()), 0);
  for (size_t i = 0; i < flags.size(); ++i) {
    lua_pushboolean(L, flags[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

/// The tensors that the context lists under a key as {n = count, ...}.
Tensors listed(lua_State* L, int context, const char* key) {
  Tensors list;
  lua_getfield(L, context, key);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "n");
    const int n = static_cast<int>(lua_tointeger(L, -1));
    lua_pop(L, 1);
    for (int i = 1; i <= n; ++i) {
      lua_rawgeti(L, -1, i);
      const at::Tensor* t = test_tensor(L, -1);
      if (!t && !lua_isnil(L, -1) && lua_touserdata(L, -1) != State::of(L).none)
        fail(key + 1, ": only tensors can be named, got ", describe(L, -1));
      list.push_back(t ? *t : at::Tensor());
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return list;
}

bool field(lua_State* L, int context, const char* key) {
  lua_getfield(L, context, key);
  const bool set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/// f(context, list...) with everything it returns.
Tensors call_back(const Callback& f, const Callback& context, const Tensors& list, const char* who) {
  lua_State* l = f.enter();
  const int base = lua_gettop(l) - 1;
  context.enter();
  luaL_checkstack(l, static_cast<int>(list.size()) + 4, "too many gradients");
  for (const auto& t : list) push(l, t);
  call_from_host(l, static_cast<int>(list.size()) + 1, LUA_MULTRET);
  return pop_results(l, base, who);
}

/// custom(name, forward, backward, jvp | nil, context, inputs...) -> outputs. All are called with the context first;
/// inputs that are no tensors reach forward as they are. What the context says after forward: bindings read its fields
/// _saved, _dirty, _non_differentiable ({n = count, ...}), _sparse_grads (missing gradients stay nil), _late.
int custom(lua_State* L) {
  constexpr int kContext = 5;
  const int n = lua_gettop(L) - kContext;
  Tensors inputs;
  for (int i = 1; i <= n; ++i) {
    const at::Tensor* t = test_tensor(L, kContext + i);
    inputs.push_back(t ? *t : at::Tensor());
  }
  auto saved = std::make_shared<SavedTensors>();
  push_object(L, saved);
  lua_setfield(L, kContext, "_graph");

  CustomFunction function;
  function.name = check_string(L, 1);
  auto context = std::make_shared<Callback>(L, kContext);
  auto backward = std::make_shared<Callback>(L, 3);
  function.backward = [backward, context](const Tensors& grads) {
    return call_back(*backward, *context, grads, "backward of a custom function");
  };
  if (lua_isfunction(L, 4)) {
    auto jvp = std::make_shared<Callback>(L, 4);
    function.jvp = [jvp, context](const Tensors& tangents) {
      return call_back(*jvp, *context, tangents, "jvp of a custom function");
    };
  }
  function.forward = [&] {
    const int base = lua_gettop(L);
    lua_pushvalue(L, 2);
    for (int i = 0; i <= n; ++i) lua_pushvalue(L, kContext + i);
    lua_call(L, n + 1, LUA_MULTRET);
    ForwardResult result;
    result.outputs = pop_results(L, base, "a custom function");
    result.saved = listed(L, kContext, "_saved");
    result.dirty = listed(L, kContext, "_dirty");
    result.non_differentiable = listed(L, kContext, "_non_differentiable");
    result.materialize = !field(L, kContext, "_sparse_grads");
    result.late = field(L, kContext, "_late");
    return result;
  };
  Tensors outputs = call_custom(inputs, function, saved);
  luaL_checkstack(L, static_cast<int>(outputs.size()) + 4, "too many results");
  for (auto& out : outputs) {
    // an input changed in place is the very value that came in
    int same = 0;
    for (int i = 0; i < n && !same; ++i)
      if (out.defined() && inputs[i].is_same(out)) same = kContext + 1 + i;
    if (same) lua_pushvalue(L, same);
    else push(L, std::move(out));
  }
  return static_cast<int>(outputs.size());
}

/// delayed_error(list of tensors, message) -> list
int refuse_second(lua_State* L) {
  push_list(L, delayed_error(check_tensors(L, 1), check_string(L, 2)));
  return 1;
}

const luaL_Reg kSavedMethods[] = {{"tensors", tensors}, {"needs", needs}, {nullptr, nullptr}};

}  // namespace

void register_custom_types(lua_State* L) { register_type<SavedTensors>(L, kSavedMethods); }

const luaL_Reg kCustomFunctions[] = {{"custom", custom}, {"delayed_error", refuse_second}, {nullptr, nullptr}};

}  // namespace moonlab::lua
