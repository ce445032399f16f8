#include "bindings/transform.hpp"

#include "bindings/parcel.hpp"
#include "bindings/worker_code.hpp"
#include "bindings/worker_state.hpp"

namespace moonlab::lua {

namespace {

/// What every worker of a loader starts from.
struct Origin {
  ProgramOptions options;
  WorkerCode code;
  thread::Parcel with;
};

class LuaTransform : public data::Transform {
 public:
  explicit LuaTransform(const Origin& origin) : state_(origin.options, 0) {
    check(state_.protect([&] {
      lua_State* L = state_.state();
      push_code(L, origin.code);
      function_ = luaL_ref(L, LUA_REGISTRYINDEX);
      if (unpack(L, origin.with) == 0) lua_pushnil(L);
      with_ = luaL_ref(L, LUA_REGISTRYINDEX);
    }));
  }

  at::Tensor apply(const at::Tensor& image, const data::Drawn& drawn) override {
    at::Tensor result;
    check(state_.protect([&] {
      lua_State* L = state_.state();
      restart_random(L, drawn.seed);
      lua_rawgeti(L, LUA_REGISTRYINDEX, function_);
      push(L, image);
      push_sample(L, drawn);
      lua_rawgeti(L, LUA_REGISTRYINDEX, with_);
      lua_call(L, 3, 1);
      const at::Tensor* made = test_tensor(L, -1);
      if (!made) fail("the function must return the image as a tensor, got ", describe(L, -1));
      result = *made;
    }));
    return result;
  }

 private:
  static void check(const std::string& error) {
    if (!error.empty()) throw Error(error);
  }

  static void push_sample(lua_State* L, const data::Drawn& drawn) {
    lua_createtable(L, 0, 4);
    const std::pair<const char*, int64_t> fields[] = {
        {"idx", drawn.index}, {"y", drawn.target}, {"domain", drawn.domain}, {"epoch", drawn.epoch}};
    for (const auto& [name, value] : fields) {
      lua_pushnumber(L, static_cast<double>(value));
      lua_setfield(L, -2, name);
    }
  }

  WorkerState state_;
  int function_ = LUA_NOREF, with_ = LUA_NOREF;
};

// The field's value on the stack; the table loses it.
void take_field(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  lua_pushnil(L);
  lua_setfield(L, index, name);
}

}  // namespace

data::TransformMaker take_transform(lua_State* L, int index) {
  if (!lua_istable(L, index)) return {};
  auto origin = std::make_shared<Origin>();
  const int top = lua_gettop(L);
  take_field(L, index, "transform");
  take_field(L, index, "with");
  const bool given = !lua_isnil(L, top + 1);
  if (!given && !lua_isnil(L, top + 2)) fail("option 'with' belongs to 'transform', which is missing");
  if (auto steps = test_object<Augmentation>(L, top + 1)) {
    if (!lua_isnil(L, top + 2)) fail("option 'with' belongs to a function as 'transform'");
    lua_settop(L, top);
    return data::augmentation(*steps);
  }
  if (given) {
    origin->code = check_code(L, top + 1);
    origin->options = program_options(L);
    origin->with = pack(L, top + 2, top + 2, "with");
  }
  lua_settop(L, top);
  if (!given) return {};
  return [origin] { return std::make_unique<LuaTransform>(*origin); };
}

}  // namespace moonlab::lua
