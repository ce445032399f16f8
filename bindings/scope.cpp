// How long tensors live: free, scopes, keep, and what the memory governor knows.
#include <cstdio>
#include <set>

#include "bindings/tensor_parts.hpp"
#include "host/cuda.hpp"
#include "host/tensor/memory.hpp"

namespace moonlab::lua {

namespace {

const char* interned(std::string text) {
  static thread_local std::set<std::string> texts;
  return texts.insert(std::move(text)).first->c_str();
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

/// adopt(value, ...) -> the same: tensors in them that were made outside end with the scope that is open now. A batch that
/// an iterator made is let go with its step instead of at the next collection, so that its memory serves the next batch.
int adopt(lua_State* L) {
  State& state = State::of(L);
  std::set<const void*> seen;
  for (int i = 1; i <= lua_gettop(L); ++i)
    each_tensor(L, i, seen, [&](TensorRef& ref) {
      if (ref.freed) return;
      leave_scope(ref);
      enter_scope(state, ref);
    });
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

std::string megabytes(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / (1 << 20));
  return text;
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
  set("tensors", static_cast<double>(cpu_bytes()));
  set("tensors_peak", static_cast<double>(cpu_peak()));
  set("tensors_limit", static_cast<double>(cpu_limit()));
  set("device_tensors", static_cast<double>(cuda::bytes_allocated()));
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

/// set_cpu_limit(bytes): 0 is none
int set_hard_limit(lua_State* L) {
  const int64_t bytes = check_integer(L, 1);
  if (bytes < 0) argument_error(L, 1, "a number of bytes, 0 for no limit");
  set_cpu_limit(bytes);
  return 0;
}

int reset_memory_peak(lua_State* L) {
  State::of(L).governor.reset_peak();
  reset_cpu_peak();
  return 0;
}

}  // namespace

void make_room(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  State& s = State::of(L);
  s.governor.collected(int64_t{lua_gc(L, LUA_GCCOUNT, 0)} << 10);
  cuda::empty_cache();
}

std::string largest_holders(lua_State* L) {
  std::string text;
  for (const auto& h : State::of(L).governor.largest(5)) {
    if (h.bytes < Governor::kOriginFrom) break;
    text += (text.empty() ? "\n  the script holds " : ",\n    ") + megabytes(h.bytes) + " on " + h.device;
    if (h.origin.size() > 2) text += " made at " + h.origin.substr(0, h.origin.size() - 2);
  }
  return text;
}

const luaL_Reg kScopeFunctions[] = {{"free", tensor_free}, {"keep", keep}, {"adopt", adopt}, {"scope", scope},
                                    {"memory", memory}, {"set_memory_limit", set_memory_limit},
                                    {"set_cpu_limit", set_hard_limit}, {"reset_memory_peak", reset_memory_peak},
                                    {nullptr, nullptr}};

}  // namespace moonlab::lua
