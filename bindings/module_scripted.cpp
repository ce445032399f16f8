// Classes of modules written in Lua, and how C++ enters Lua for them.
#include <typeinfo>

#include "bindings/module_parts.hpp"

namespace moonlab::lua {

using nn::Module;
using nn::Running;

namespace {

/// The Lua thread that is running modules on this thread, for C++ parents that call children written in Lua.
thread_local lua_State* active = nullptr;

/// Whether an error of Lua would meet the handler that adds the place.
thread_local bool guarded = false;

struct Guarded {
  bool outer = guarded;
  Guarded() { guarded = true; }
  ~Guarded() { guarded = outer; }
};

/// The handler of errors under the outermost module: adds the place in it.
int add_place(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return 1;
  const std::string text = lua_tostring(L, 1);
  if (text.find("\n  in ") != text.npos) return 1;
  push(L, text + "\n  " + Running::place());
  return 1;
}

}  // namespace

Active::Active(lua_State* L) : outer_(active) { active = L; }
Active::~Active() { active = outer_; }

bool is_guarded() { return guarded; }

int push_tensors(lua_State* L, std::vector<at::Tensor>&& outputs) {
  const int n = static_cast<int>(outputs.size());
  luaL_checkstack(L, n + 2, "too many outputs");
  for (auto& t : outputs) push(L, std::move(t));
  return n;
}

bool read_tensors(lua_State* L, int first, int last, std::vector<at::Tensor>& inputs, int& wrong) {
  inputs.reserve(last - first + 1);
  for (int i = first; i <= last; ++i) {
    if (lua_isnil(L, i)) {
      inputs.emplace_back();
      continue;
    }
    const at::Tensor* t = test_tensor(L, i);
    if (!t) {
      wrong = i;
      return false;
    }
    inputs.push_back(*t);
  }
  return true;
}

int call_guarded(lua_State* L, int arguments) {
  if (guarded) {
    lua_call(L, arguments, LUA_MULTRET);
    return 0;
  }
  Guarded guard;
  const int handler = lua_gettop(L) - arguments;
  lua_pushcfunction(L, add_place);
  lua_insert(L, handler);
  const int status = lua_pcall(L, arguments, LUA_MULTRET, handler);
  lua_remove(L, handler);
  return status;
}

std::vector<at::Tensor> call_for_host(lua_State* L, const Module& module, int arguments) {
  const int base = lua_gettop(L) - arguments - 1;
  if (!active) call_from_host(L, arguments, LUA_MULTRET);
  else if (call_guarded(L, arguments) != 0) lua_error(L);  // inside a script's call: the error passes as it is
  std::vector<at::Tensor> outputs;
  int wrong = 0;
  if (!read_tensors(L, base + 1, lua_gettop(L), outputs, wrong)) {
    const std::string got = describe(L, wrong);
    lua_settop(L, base);
    fail(module.kind(), ": a part of a module in C++ must return tensors, got ", got);
  }
  lua_settop(L, base);
  return outputs;
}

lua_State* state_for(const Module& module) {
  if (active) return active;
  State* state = State::running();
  if (!state) fail(module.kind(), ": called on a thread without a Lua state");
  return state->main;
}

void push_inputs(lua_State* L, const std::vector<at::Tensor>& inputs) {
  luaL_checkstack(L, static_cast<int>(inputs.size()) + 4, "too many inputs");
  for (const auto& t : inputs) push(L, t);
}

bool push_class_function(lua_State* L, int index, const char* name) {
  push_field(L, index, kClass);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  if (lua_isfunction(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void push_forward(lua_State* L, int index, const Module& module) {
  if (!push_class_function(L, index, "forward"))
    fail(module.kind(), " has no forward: define function ", module.kind(), ":forward(x)");
}

namespace {

/// A class written in Lua: forward, extra_repr and train are its own.
struct LuaModule final : Module {
  explicit LuaModule(const std::string& name) : Module(name) {}

  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& inputs) override {
    lua_State* L = state_for(*this);
    push_module(L, shared_from_this());
    push_forward(L, lua_gettop(L), *this);
    lua_insert(L, -2);
    push_inputs(L, inputs);
    return call_for_host(L, *this, static_cast<int>(inputs.size()) + 1);
  }

  std::string describe() const override {
    std::string text;
    with("extra_repr", 0, [&](lua_State* L) {
      if (const char* s = lua_tostring(L, -1)) text = s;
    });
    return text;
  }

  void train(bool on) override {
    // the class's own train calls nn.Module.train(self, on) for the rest
    if (training_own_ || !with("train", 1, [](lua_State*) {}, on)) Module::train(on);
  }

 private:
  /// Calls a function of the class with (self [, flag]); false where there is none or no script could run it.
  template <class F>
  bool with(const char* name, int flags, F&& use, bool flag = false) const {
    State* state = State::running();
    if (!state) return false;
    lua_State* L = active ? active : state->main;
    const int base = lua_gettop(L);
    auto* self = const_cast<LuaModule*>(this);
    push_module(L, self->shared_from_this());
    if (!push_class_function(L, base + 1, name)) {
      lua_settop(L, base);
      return false;
    }
    lua_insert(L, base + 1);
    if (flags) lua_pushboolean(L, flag);
    struct Own {
      bool& own;
      explicit Own(bool& b) : own(b) { own = true; }
      ~Own() { own = false; }
    } own(self->training_own_);
    lua_call(L, 1 + flags, 1);
    use(L);
    lua_settop(L, base);
    return true;
  }

  bool training_own_ = false;
};

}  // namespace

std::shared_ptr<Module> new_scripted(const std::string& name) { return std::make_shared<LuaModule>(name); }
bool is_scripted(const Module& module) { return typeid(module) == typeid(LuaModule); }

}  // namespace moonlab::lua
