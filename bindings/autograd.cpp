// Autograd for Lua: backward, gradients, modes, hooks, custom functions.
#include "bindings/all.hpp"
#include "bindings/tensor.hpp"
#include "host/tensor/autograd.hpp"

namespace moonlab::lua {

namespace {

/// A Lua function that LibTorch calls: kept in the registry for as long as C++ holds it.
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

Tensors tensors_or_one(lua_State* L, int index) {
  if (const at::Tensor* t = test_tensor(L, index)) return {*t};
  return check_tensors(L, index);
}

Tensors optional_tensors(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? Tensors{} : tensors_or_one(L, index);
}

std::optional<bool> optional_flag(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return std::nullopt;
  return check_boolean(L, index);
}

/// backward(outputs, gradients | nil, retain_graph | nil, create_graph | nil, inputs | nil)
int run_backward(lua_State* L) {
  lua_settop(L, 5);
  backward(tensors_or_one(L, 1), optional_tensors(L, 2), optional_flag(L, 3), optional_boolean(L, 4, false), optional_tensors(L, 5));
  return 0;
}

/// grad(outputs, inputs, grad_outputs | nil, retain_graph | nil, create_graph | nil, allow_unused | nil) -> several values
int run_grad(lua_State* L) {
  lua_settop(L, 6);
  Tensors grads = gradients(tensors_or_one(L, 1), tensors_or_one(L, 2), optional_tensors(L, 3), optional_flag(L, 4),
                            optional_boolean(L, 5, false), optional_boolean(L, 6, false));
  lua_createtable(L, static_cast<int>(grads.size()), 0);
  for (size_t i = 0; i < grads.size(); ++i) {
    if (grads[i].defined()) push(L, std::move(grads[i]));
    else lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

int with_mode(lua_State* L, Mode mode) {
  if (!lua_isfunction(L, 1)) argument_error(L, 1, "a function");
  ModeGuard guard(mode);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

int no_grad(lua_State* L) { return with_mode(L, Mode::no_grad); }
int enable_grad(lua_State* L) { return with_mode(L, Mode::enable_grad); }
int inference_mode(lua_State* L) { return with_mode(L, Mode::inference); }

int is_grad_enabled(lua_State* L) {
  lua_pushboolean(L, grad_enabled());
  return 1;
}

/// register_hook(x, f) -> number; f(grad) may return another gradient.
int add_hook(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  auto callback = std::make_shared<Callback>(L, 2);
  unsigned number = register_hook(x, [callback](const at::Tensor& grad) -> at::Tensor {
    lua_State* l = callback->enter();
    push(l, grad);
    call_from_host(l, 1, 1);
    at::Tensor result;
    if (const at::Tensor* t = test_tensor(l, -1)) result = *t;
    else if (!lua_isnil(l, -1)) {
      std::string got = describe(l, -1);
      lua_pop(l, 1);
      fail("a hook must return a tensor or nothing, got ", got);
    }
    lua_pop(l, 1);
    return result;
  });
  remember(L, 1);
  lua_pushinteger(L, number);
  return 1;
}

int drop_hook(lua_State* L) {
  remove_hook(check_tensor(L, 1), static_cast<unsigned>(check_integer(L, 2)));
  return 0;
}

Tensors pop_results(lua_State* l, int base) {
  Tensors results;
  for (int i = base + 1; i <= lua_gettop(l); ++i) {
    const at::Tensor* t = test_tensor(l, i);
    if (!t && !lua_isnil(l, i) && lua_touserdata(l, i) != State::of(l).none) {
      std::string got = describe(l, i);
      lua_settop(l, base);
      fail("a custom function must return tensors, got ", got);
    }
    results.push_back(t ? *t : at::Tensor());
  }
  lua_settop(l, base);
  return results;
}

/// custom(forward, backward, inputs...) -> outputs. Both are called with a context table made for this call as their
/// first argument; inputs that are no tensors reach forward as they are.
int custom(lua_State* L) {
  const int n = lua_gettop(L) - 3;  // forward, backward, context, inputs...
  Tensors inputs;
  for (int i = 0; i < n; ++i) {
    const at::Tensor* t = test_tensor(L, 4 + i);
    inputs.push_back(t ? *t : at::Tensor());
  }
  auto backward = std::make_shared<Callback>(L, 2);
  auto context = std::make_shared<Callback>(L, 3);
  auto outputs = custom_function(
      inputs,
      [&](const Tensors&) {
        int base = lua_gettop(L);
        lua_pushvalue(L, 1);
        for (int i = 0; i <= n; ++i) lua_pushvalue(L, 3 + i);
        lua_call(L, n + 1, LUA_MULTRET);
        return pop_results(L, base);
      },
      [backward, context](const Tensors& grads) {
        lua_State* l = backward->enter();
        int base = lua_gettop(l) - 1;
        context->enter();
        luaL_checkstack(l, static_cast<int>(grads.size()) + 4, "too many gradients");
        for (const auto& g : grads) push(l, g);
        call_from_host(l, static_cast<int>(grads.size()) + 1, LUA_MULTRET);
        return pop_results(l, base);
      });
  luaL_checkstack(L, static_cast<int>(outputs.size()) + 4, "too many results");
  for (auto& t : outputs) push(L, std::move(t));
  return static_cast<int>(outputs.size());
}

const luaL_Reg kFunctions[] = {{"backward", run_backward}, {"grad", run_grad}, {"no_grad", no_grad}, {"enable_grad", enable_grad},
                               {"inference_mode", inference_mode}, {"is_grad_enabled", is_grad_enabled}, {"register_hook", add_hook},
                               {"remove_hook", drop_hook}, {"custom", custom}, {nullptr, nullptr}};

}  // namespace

int open_autograd(lua_State* L) {
  run_backward_on_calling_thread();
  return push_library(L, kFunctions);
}

}  // namespace moonlab::lua
