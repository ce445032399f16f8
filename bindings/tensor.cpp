// Tensors as Lua values: making them, finding them again, letting them go. Scopes are in scope.cpp, operators in
// operators.cpp; arithmetic, comparison and everything that Lua can say as well is in stdlib/torch.
#include "bindings/tensor.hpp"

#include "bindings/all.hpp"
#include "bindings/tensor_parts.hpp"
#include "host/tensor/print.hpp"

namespace moonlab::lua {

void leave_scope(TensorRef& ref) {
  if (!ref.scope) return;
  ref.scope->made[ref.slot] = nullptr;
  ref.scope = nullptr;
}

void enter_scope(State& s, TensorRef& ref) {
  if (s.scopes.empty()) return;
  ref.scope = s.scopes.back();
  ref.slot = static_cast<uint32_t>(ref.scope->made.size());
  ref.scope->made.push_back(&ref);
}

/// Forgets the tensor; the userdata stays and says where it was freed.
void release(State& s, TensorRef& ref, const char* where) noexcept {
  leave_scope(ref);
  s.governor.release(ref.charge);
  ref.charge = nullptr;
  if (ref.known) {
    lua_State* L = s.main;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s.identity_ref);
    lua_pushlightuserdata(L, ref.tensor.unsafeGetTensorImpl());
    lua_rawget(L, -2);
    if (lua_touserdata(L, -1) == &ref) {
      lua_pushlightuserdata(L, ref.tensor.unsafeGetTensorImpl());
      lua_pushnil(L);
      lua_rawset(L, -4);
    }
    lua_pop(L, 2);
    ref.known = false;
  }
  ref.tensor.reset();
  ref.freed = where;
}

namespace {

void collect(lua_State* L) {
  State& s = State::of(L);
  lua_gc(L, LUA_GCCOLLECT, 0);
  s.governor.collected(int64_t{1024} * lua_gc(L, LUA_GCCOUNT, 0));
}

void set_metatable(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).tensor_metatable_ref);
  lua_setmetatable(L, -2);
}

void push_new(lua_State* L, at::Tensor&& tensor) {
  State& s = State::of(L);
  auto* ref = new (lua_newuserdata(L, sizeof(TensorRef))) TensorRef{&kTensorTag, std::move(tensor)};
  set_metatable(L);
  ref->charge = s.governor.hold(ref->tensor);
  enter_scope(s, *ref);
  if (ref->charge && ref->tensor.unsafeGetTensorImpl()->unsafe_storage().nbytes() >= static_cast<size_t>(Governor::kOriginFrom))
    s.governor.note_origin(ref->tensor, where(L));
  if (s.governor.over()) collect(L);  // a safe point: the new value is on the stack
}

/// A tensor that C++ holds too: the same userdata again where Lua knows it.
bool push_known(lua_State* L, const at::Tensor& tensor) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).identity_ref);
  lua_pushlightuserdata(L, tensor.unsafeGetTensorImpl());
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

const at::Tensor& live(lua_State* L, TensorRef& ref) {
  if (ref.freed) fail("this tensor was freed ", ref.freed, "; return it from the scope or keep(x) it where it is needed longer");
  return ref.tensor;
}

}  // namespace

const char kTensorTag = 0;

TensorRef* test_ref(lua_State* L, int index) {
  auto* ref = static_cast<TensorRef*>(lua_touserdata(L, index));
  // light userdata has no length; any other userdata of this size has another first word
  if (!ref || lua_objlen(L, index) != sizeof(TensorRef)) return nullptr;
  return ref->tag == &kTensorTag ? ref : nullptr;
}

void remember(lua_State* L, int index) {
  TensorRef* ref = test_ref(L, index);
  if (!ref) return;
  leave_scope(*ref);
  if (ref->known) return;
  lua_pushvalue(L, index);
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).identity_ref);
  lua_pushlightuserdata(L, ref->tensor.unsafeGetTensorImpl());
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
  ref->known = true;
}

void push(lua_State* L, at::Tensor&& tensor) {
  if (!tensor.defined()) return lua_pushnil(L);
  const bool shared = tensor.use_count() > 1;
  if (shared && push_known(L, tensor)) return;
  push_new(L, std::move(tensor));
  if (shared) {
    // held elsewhere as well (a gradient, a buffer): met again, it must be this value, and its scope is not this one
    auto* ref = static_cast<TensorRef*>(lua_touserdata(L, -1));
    Scope* scope = ref->scope;
    remember(L, -1);
    if (scope) enter_scope(State::of(L), *ref);
  }
}

void push(lua_State* L, const at::Tensor& tensor) { push(L, at::Tensor(tensor)); }

const at::Tensor* test_tensor(lua_State* L, int index) {
  TensorRef* ref = test_ref(L, index);
  return ref ? &live(L, *ref) : nullptr;
}

const at::Tensor& check_tensor(lua_State* L, int index) {
  TensorRef* ref = test_ref(L, index);
  if (!ref) argument_error(L, index, "a tensor");
  return live(L, *ref);
}

at::Tensor optional_tensor(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? at::Tensor() : check_tensor(L, index);
}

std::vector<at::Tensor> check_tensors(lua_State* L, int index) {
  if (!lua_istable(L, index)) argument_error(L, index, "a list of tensors");
  std::vector<at::Tensor> list;
  for (int i = 1, n = lua_objlen(L, index); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    const at::Tensor* t = test_tensor(L, -1);
    if (!t) {
      std::string got = describe(L, -1);
      argument_error(L, index, "a list of tensors (item " + std::to_string(i) + " is " + got + ")");
    }
    list.push_back(*t);
    lua_pop(L, 1);
  }
  return list;
}

int tensor_gc(lua_State* L) {
  auto* ref = static_cast<TensorRef*>(lua_touserdata(L, 1));
  State& s = State::of(L);
  leave_scope(*ref);
  s.governor.release(ref->charge);
  ref->~TensorRef();
  return 0;
}

namespace {

int equal(lua_State* L) {
  TensorRef *a = test_ref(L, 1), *b = test_ref(L, 2);
  lua_pushboolean(L, a && b && a->tensor.defined() && a->tensor.is_same(b->tensor));
  return 1;
}

int length(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (x.dim() == 0) fail("# of a 0-dim tensor: it has no length");
  lua_pushnumber(L, static_cast<double>(x.size(0)));
  return 1;
}

int is_tensor(lua_State* L) {
  lua_pushboolean(L, test_ref(L, 1) != nullptr);
  return 1;
}

int remember_tensor(lua_State* L) {
  check_tensor(L, 1);
  remember(L, 1);
  lua_settop(L, 1);
  return 1;
}

int set_cdata_reader(lua_State* L) {
  lua_settop(L, 1);
  State::of(L).cdata_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/// Lua's part of the metatable: __index, __newindex, arithmetic.
int set_metamethods(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).tensor_metatable_ref);
  for (lua_pushnil(L); lua_next(L, 1); ) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, 2);
  }
  return 0;
}

const luaL_Reg kFunctions[] = {{"is_tensor", is_tensor}, {"remember", remember_tensor}, {"set_cdata_reader", set_cdata_reader},
                               {"set_metamethods", set_metamethods}, {nullptr, nullptr}};

}  // namespace

int open_tensor(lua_State* L) {
  State& s = State::of(L);
  lua_newtable(L);
  lua_pushliteral(L, "tensor"), lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, tensor_gc), lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, equal), lua_setfield(L, -2, "__eq");
  lua_pushcfunction(L, length), lua_setfield(L, -2, "__len");
  lua_pushcfunction(L, to_text), lua_setfield(L, -2, "__tostring");
  s.tensor_metatable_ref = luaL_ref(L, LUA_REGISTRYINDEX);

  lua_newtable(L);  // identity: values are weak
  lua_newtable(L);
  lua_pushliteral(L, "v"), lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  s.identity_ref = luaL_ref(L, LUA_REGISTRYINDEX);

  s.none = lua_newuserdata(L, 1);
  lua_newtable(L);
  lua_pushliteral(L, "torch.None"), lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, [](lua_State* l) -> int {
    lua_pushliteral(l, "None");
    return 1;
  });
  lua_setfield(L, -2, "__tostring");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  s.none_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  int none = lua_gettop(L);

  push_library(L, kFunctions);
  for (const luaL_Reg* part : {kScopeFunctions, kPropertyFunctions, kIndexFunctions, kDataFunctions}) luaL_register(L, nullptr, part);
  lua_pushvalue(L, none);
  lua_setfield(L, -2, "None");
  lua_remove(L, none);
  return 1;
}

}  // namespace moonlab::lua
