// Tensors as Lua values: making and freeing them, scopes, properties, indexing, conversion. Operators are in
// operators.cpp; arithmetic, comparison and everything that Lua can say as well is in stdlib/torch.
#include "bindings/tensor.hpp"

#include <set>
#include <unordered_map>

#include "bindings/all.hpp"
#include "host/tensor/dtype.hpp"
#include "host/tensor/index.hpp"
#include "host/tensor/nested.hpp"
#include "host/tensor/print.hpp"
#include "host/tensor/properties.hpp"

namespace moonlab::lua {

namespace {

const char* interned(std::string text) {
  static thread_local std::set<std::string> texts;
  return texts.insert(std::move(text)).first->c_str();
}

void collect(lua_State* L) {
  State& s = State::of(L);
  lua_gc(L, LUA_GCCOLLECT, 0);
  s.governor.collected();
}

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

namespace {

// ---- life ---------------------------------------------------------------------------------------------------------

int tensor_gc(lua_State* L) {
  auto* ref = static_cast<TensorRef*>(lua_touserdata(L, 1));
  State& s = State::of(L);
  leave_scope(*ref);
  s.governor.release(ref->charge);
  ref->~TensorRef();
  return 0;
}

int tensor_free(lua_State* L) {
  TensorRef* ref = test_ref(L, 1);
  if (!ref) argument_error(L, 1, "a tensor");
  if (!ref->freed) {
    std::string at = where(L);
    release(State::of(L), *ref, interned("by free() at " + (at.empty() ? "an unknown line" : at.substr(0, at.size() - 2))));
  }
  return 0;
}

/// Walks a value and the plain tables in it; calls f on every tensor. Tables met twice are entered once.
template <class F>
void each_tensor(lua_State* L, int index, std::set<const void*>& seen, F&& f) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (TensorRef* ref = test_ref(L, index)) return f(*ref);
  if (!lua_istable(L, index) || !seen.insert(lua_topointer(L, index)).second) return;
  luaL_checkstack(L, 4, "tables nested too deep");
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    each_tensor(L, -1, seen, f);
    if (!lua_isstring(L, -2)) each_tensor(L, -2, seen, f);
  }
}

int keep(lua_State* L) {
  std::set<const void*> seen;
  for (int i = 1; i <= lua_gettop(L); ++i) each_tensor(L, i, seen, [](TensorRef& ref) { leave_scope(ref); });
  return lua_gettop(L);
}

// Frees what was made in the scope, also when an error passes through.
struct ScopeGuard {
  State& state;
  Scope scope;

  ScopeGuard(lua_State* L) : state(State::of(L)) {
    scope.where = where(L);
    state.scopes.push_back(&scope);
  }
  ~ScopeGuard() {
    state.scopes.pop_back();
    const char* at = nullptr;
    for (TensorRef* ref : scope.made) {
      if (!ref) continue;
      // what somebody else holds too (a module, a gradient, a graph) is not ours to end; a leaf is a parameter
      const bool parameter = ref->tensor.defined() && ref->tensor.requires_grad() && ref->tensor.is_leaf();
      if (parameter || ref->tensor.use_count() > 1) {
        ref->scope = nullptr;
        continue;
      }
      if (!at) at = interned("at the end of the scope at " + (scope.where.empty() ? "the prompt" : scope.where.substr(0, scope.where.size() - 2)));
      release(state, *ref, at);
    }
  }
};

int scope(lua_State* L) {
  if (!lua_isfunction(L, 1)) argument_error(L, 1, "a function");
  {
    ScopeGuard guard(L);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    std::set<const void*> seen;
    // results belong to the scope outside, if there is one
    Scope* outer = guard.state.scopes.size() > 1 ? guard.state.scopes[guard.state.scopes.size() - 2] : nullptr;
    for (int i = 1; i <= lua_gettop(L); ++i)
      each_tensor(L, i, seen, [&](TensorRef& ref) {
        if (ref.scope != &guard.scope) return;
        leave_scope(ref);
        if (!outer) return;
        ref.scope = outer;
        ref.slot = static_cast<uint32_t>(outer->made.size());
        outer->made.push_back(&ref);
      });
  }
  return lua_gettop(L);
}

int memory(lua_State* L) {
  auto& g = State::of(L).governor;
  int count = static_cast<int>(optional_integer(L, 1, 10));
  lua_newtable(L);
  auto set = [&](const char* key, double v) { lua_pushnumber(L, v), lua_setfield(L, -2, key); };
  set("live", static_cast<double>(g.live()));
  set("peak", static_cast<double>(g.peak()));
  set("limit", static_cast<double>(g.limit()));
  set("device_live", static_cast<double>(g.live(true)));
  set("device_peak", static_cast<double>(g.peak(true)));
  set("storages", static_cast<double>(g.storages()));
  set("lua", lua_gc(L, LUA_GCCOUNT, 0) * 1024.0);
  lua_newtable(L);
  int i = 0;
  for (const auto& h : g.largest(count)) {
    lua_newtable(L);
    lua_pushnumber(L, static_cast<double>(h.bytes)), lua_setfield(L, -2, "bytes");
    push(L, std::string_view(h.device)), lua_setfield(L, -2, "device");
    if (!h.origin.empty()) push(L, std::string_view(h.origin).substr(0, h.origin.size() - 2)), lua_setfield(L, -2, "made_at");
    lua_rawseti(L, -2, ++i);
  }
  lua_setfield(L, -2, "largest");
  return 1;
}

int set_memory_limit(lua_State* L) {
  int64_t bytes = check_integer(L, 1);
  if (bytes <= 0) argument_error(L, 1, "a positive number of bytes");
  State::of(L).governor.set_limit(bytes);
  return 0;
}

// ---- properties ---------------------------------------------------------------------------------------------------

enum class Property { shape, ndim, dtype, device, requires_grad, grad, is_leaf, T, mT, layout, grad_fn, itemsize, nbytes };

const std::unordered_map<std::string_view, Property>& properties() {
  static const std::unordered_map<std::string_view, Property> map = {
      {"shape", Property::shape}, {"ndim", Property::ndim},       {"dtype", Property::dtype},     {"device", Property::device},
      {"grad", Property::grad},   {"is_leaf", Property::is_leaf}, {"T", Property::T},             {"mT", Property::mT},
      {"layout", Property::layout}, {"requires_grad", Property::requires_grad}, {"grad_fn", Property::grad_fn},
      {"itemsize", Property::itemsize}, {"nbytes", Property::nbytes}};
  return map;
}

/// property(x, name): true and the value, or false where there is no such property.
int property(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  auto found = properties().find(check_string(L, 2));
  lua_pushboolean(L, found != properties().end());
  if (found == properties().end()) return 1;
  switch (found->second) {
    case Property::shape: push(L, x.sizes().vec()); break;
    case Property::ndim: lua_pushinteger(L, x.dim()); break;
    case Property::dtype: push(L, std::string_view(dtype_name(x.scalar_type()))); break;
    case Property::device: push(L, std::string_view(x.device().str())); break;
    case Property::requires_grad: lua_pushboolean(L, x.requires_grad()); break;
    case Property::grad: push(L, x.is_leaf() || x.retains_grad() ? x.grad() : at::Tensor()); break;
    case Property::is_leaf: lua_pushboolean(L, x.is_leaf()); break;
    case Property::T: push(L, transposed(x)); break;
    case Property::mT: push(L, matrix_transposed(x)); break;
    case Property::layout: push(L, std::string_view(layout_name(x.layout()))); break;
    case Property::grad_fn: {
      std::string name = grad_fn_name(x);
      if (name.empty()) lua_pushnil(L);
      else push(L, std::string_view(name));
      break;
    }
    case Property::itemsize: lua_pushinteger(L, x.element_size()); break;
    case Property::nbytes: lua_pushnumber(L, static_cast<double>(x.nbytes())); break;
  }
  return 2;
}

int set_property(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  std::string name = check_string(L, 2);
  if (name == "requires_grad") {
    x.requires_grad_(check_boolean(L, 3));
    remember(L, 1);
    return 0;
  }
  if (name == "grad") {
    set_grad(x, optional_tensor(L, 3));
    if (!lua_isnil(L, 3)) remember(L, 3);
    return 0;
  }
  if (properties().count(name)) fail("the property '", name, "' of a tensor is read-only");
  std::vector<std::string> names{"requires_grad", "grad"};
  fail("a tensor has no property '", name, "' to assign", did_you_mean(name, names));
}

// ---- indexing -----------------------------------------------------------------------------------------------------

using at::indexing::TensorIndex;

/// One term of an index: an integer, a pair {a, b} as a half-open range, a slice string, torch.None, a mask or an
/// index tensor, a boolean.
void add_term(lua_State* L, int index, std::vector<TensorIndex>& terms) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (const at::Tensor* t = test_tensor(L, index)) {
    terms.emplace_back(*t);
    return;
  }
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: terms.emplace_back(check_integer(L, index)); return;
    case LUA_TBOOLEAN: terms.emplace_back(static_cast<bool>(lua_toboolean(L, index))); return;
    case LUA_TSTRING:
      for (auto& term : parse_slice(check_string(L, index))) terms.push_back(term);
      return;
    case LUA_TUSERDATA:
      if (lua_touserdata(L, index) == State::of(L).none) {
        terms.emplace_back(at::indexing::None);
        return;
      }
      break;
    case LUA_TTABLE: {
      auto range = check_integers(L, index);
      if (range.size() < 2 || range.size() > 3) fail("a table inside an index is a range {from, to} or {from, to, step}, got ", range.size(), " numbers");
      terms.push_back(slice(range[0], range[1], range.size() == 3 ? range[2] : 1));
      return;
    }
  }
  fail("a tensor cannot be indexed by ", describe(L, index));
}

void read_index(lua_State* L, int index, std::vector<TensorIndex>& terms) {
  if (!lua_istable(L, index)) return add_term(L, index, terms);
  int n = lua_objlen(L, index);
  for (int i = 1; i <= n; ++i) {
    lua_rawgeti(L, index, i);
    add_term(L, -1, terms);
    lua_pop(L, 1);
  }
}

int get_index(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    push(L, get(x, check_integer(L, 2)));
    return 1;
  }
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t size;
    const char* text = lua_tolstring(L, 2, &size);
    push(L, get(x, std::string_view(text, size)));
    return 1;
  }
  std::vector<TensorIndex> terms;
  read_index(L, 2, terms);
  push(L, get(x, terms));
  return 1;
}

int set_index(lua_State* L) {
  at::Tensor x = check_tensor(L, 1);
  std::vector<TensorIndex> terms;
  read_index(L, 2, terms);
  if (const at::Tensor* value = test_tensor(L, 3)) set(x, terms, *value);
  else if (lua_isboolean(L, 3)) set(x, terms, c10::Scalar(static_cast<bool>(lua_toboolean(L, 3))));
  else if (lua_isnumber(L, 3)) {
    double d = check_number(L, 3);
    if (static_cast<double>(static_cast<int64_t>(d)) == d) set(x, terms, c10::Scalar(static_cast<int64_t>(d)));
    else set(x, terms, c10::Scalar(d));
  } else if (lua_istable(L, 3)) {
    fail("assign a tensor or a number, got a table; torch.tensor(t) makes a tensor of it");
  } else {
    argument_error(L, 3, "a tensor or a number");
  }
  return 0;
}

// ---- conversion ---------------------------------------------------------------------------------------------------

void push_scalar(lua_State* L, const c10::Scalar& s) {
  if (s.isBoolean()) lua_pushboolean(L, s.toBool());
  else if (s.isComplex()) {
    // a complex cdata; made by Lua, because the C API cannot
    auto c = s.toComplexDouble();
    lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).cdata_ref);
    lua_pushliteral(L, "complex");
    lua_pushnumber(L, c.real());
    lua_pushnumber(L, c.imag());
    lua_call(L, 3, 1);
  } else lua_pushnumber(L, s.isIntegral(false) ? static_cast<double>(s.toLong()) : s.toDouble());
}

int item(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (x.numel() != 1) fail("item: only a tensor of one element is a number, got shape ", x.sizes());
  push_scalar(L, item_of(x));
  return 1;
}

/// as_number(x): marks a 0-dim tensor as a plain number, which never widens the dtype of what it is combined with.
int as_number(lua_State* L) {
  check_tensor(L, 1).unsafeGetTensorImpl()->set_wrapped_number(true);
  lua_settop(L, 1);
  return 1;
}

/// item64(x): the exact int64 value as text, for values beyond 2^53.
int item64(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (x.numel() != 1) fail("item64: only a tensor of one element is a number, got shape ", x.sizes());
  push(L, std::string_view(std::to_string(item_of(x).toLong())));
  return 1;
}

void push_nested(lua_State* L, const Nested& data, size_t dim, int64_t& at) {
  if (dim == data.shape.size()) return push_scalar(L, data.item(at++));
  luaL_checkstack(L, 4, "a tensor of too many dims");
  lua_createtable(L, static_cast<int>(data.shape[dim]), 0);
  for (int64_t i = 0; i < data.shape[dim]; ++i) {
    push_nested(L, data, dim + 1, at);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

int totable(lua_State* L) {
  Nested data(check_tensor(L, 1));
  int64_t at = 0;
  push_nested(L, data, 0, at);
  return 1;
}

/// Reads nested tables into a NestedBuilder; every list of a level must have the same length.
void read_nested(lua_State* L, int index, size_t dim, NestedBuilder& out) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (const at::Tensor* t = test_tensor(L, index)) {
    if (t->numel() != 1 || t->dim() != 0) fail("torch.tensor: a tensor inside a table must be a single number (0-dim), got shape ", t->sizes(), "; torch.stack joins tensors");
    out.add(dim, item_of(*t));
    return;
  }
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: out.add(dim, c10::Scalar(static_cast<bool>(lua_toboolean(L, index)))); return;
    case LUA_TNUMBER: out.add(dim, c10::Scalar(lua_tonumber(L, index))); return;
    case LUA_TTABLE: {
      luaL_checkstack(L, 4, "tables nested too deep");
      int n = lua_objlen(L, index), count = 0;
      for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) ++count;
      if (count != n) fail("torch.tensor: a list with holes or with keys that are not 1, 2, 3, ...");
      out.open(dim, n);
      for (int i = 1; i <= n; ++i) {
        lua_rawgeti(L, index, i);
        read_nested(L, -1, dim + 1, out);
        lua_pop(L, 1);
      }
      return;
    }
    default: {
      if (lua_type(L, index) == 10) {  // a cdata: a complex number or a 64-bit integer
        Values values;
        Value v = read_value(L, index, values);
        if (v.kind == Kind::complex) return out.add(dim, c10::Scalar(c10::complex<double>(v.real, v.imaginary)));
        if (v.kind == Kind::integer) return out.add(dim, c10::Scalar(v.integer));
      }
      fail("torch.tensor: tables hold numbers and booleans, got ", describe(L, index));
    }
  }
}

/// from_table(data, dtype or nil, device or nil) -> tensor; float32 where dtype is nil, bool for booleans.
int from_table(lua_State* L) {
  NestedBuilder out;
  read_nested(L, 1, 0, out);
  push(L, out.build(optional_string(L, 2, ""), optional_string(L, 3, "")));
  return 1;
}

int to_text(lua_State* L) {
  PrintOptions options;
  options.full = optional_boolean(L, 2, false);
  options.max_lines = static_cast<int>(optional_integer(L, 3, 0));
  TensorRef* ref = test_ref(L, 1);
  if (!ref) argument_error(L, 1, "a tensor");
  if (ref->freed) push(L, std::string_view(std::string("tensor (freed ") + ref->freed + ")"));
  else push(L, std::string_view(print(ref->tensor, options)));
  return 1;
}

int summary_text(lua_State* L) {
  push(L, std::string_view(summary(check_tensor(L, 1))));
  return 1;
}

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

int data_ptr(lua_State* L) {
  lua_pushlightuserdata(L, check_tensor(L, 1).data_ptr());
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

const luaL_Reg kFunctions[] = {
    {"property", property}, {"set_property", set_property}, {"get_index", get_index}, {"set_index", set_index},
    {"item", item}, {"item64", item64}, {"as_number", as_number}, {"totable", totable}, {"from_table", from_table}, {"to_text", to_text},
    {"summary", summary_text}, {"is_tensor", is_tensor}, {"data_ptr", data_ptr}, {"free", tensor_free}, {"keep", keep},
    {"scope", scope}, {"memory", memory}, {"set_memory_limit", set_memory_limit}, {"remember", remember_tensor},
    {"set_cdata_reader", set_cdata_reader}, {"set_metamethods", set_metamethods}, {nullptr, nullptr}};

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
  lua_pushvalue(L, none);
  lua_setfield(L, -2, "None");
  lua_remove(L, none);
  return 1;
}

}  // namespace moonlab::lua
