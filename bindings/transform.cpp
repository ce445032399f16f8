#include "bindings/transform.hpp"

#include "bindings/parcel.hpp"
#include "bindings/worker_code.hpp"
#include "bindings/worker_state.hpp"
#include "host/data/augment.hpp"
#include "host/rng.hpp"

namespace moonlab::lua {

namespace {

/// A part of what happens to an image: steps of the host, or a function (its number among the codes).
struct Stage {
  data::Steps steps;
  int function = -1;
};

/// What every worker of a loader starts from.
struct Origin {
  ProgramOptions options;
  std::vector<WorkerCode> codes;
  std::vector<std::vector<Stage>> of_domain;  // the stages of each source, one after the other
  thread::Parcel with;
};

class LuaTransform : public data::Transform {
 public:
  explicit LuaTransform(std::shared_ptr<const Origin> origin)
      : origin_(std::move(origin)), state_(origin_->options, 0) {
    check(state_.protect([&] {
      lua_State* L = state_.state();
      for (const auto& code : origin_->codes) {
        push_code(L, code);
        functions_.push_back(luaL_ref(L, LUA_REGISTRYINDEX));
      }
      if (unpack(L, origin_->with) == 0) lua_pushnil(L);
      with_ = luaL_ref(L, LUA_REGISTRYINDEX);
    }));
  }

  at::Tensor apply(const at::Tensor& image, const data::Drawn& drawn) override { return apply(image, drawn, 0); }

  at::Tensor apply(data::Picture& picture, const data::Drawn& drawn) override {
    const auto& all = stages(drawn);
    if (all.empty()) return {};
    const bool framed = all[0].function < 0;
    at::Tensor result = framed ? data::run(all[0].steps, picture, drawn.seed) : at::Tensor();
    if (all.size() == 1 && framed) return result;
    return apply(result.defined() ? result : picture.tensor(), drawn, framed ? 1 : 0);
  }

 private:
  const std::vector<Stage>& stages(const data::Drawn& drawn) const {
    return origin_->of_domain.size() == 1 ? origin_->of_domain[0] : origin_->of_domain.at(drawn.domain);
  }

  at::Tensor apply(const at::Tensor& image, const data::Drawn& drawn, size_t first) {
    at::Tensor result = image;
    const auto& stages = this->stages(drawn);
    for (size_t i = first; i < stages.size(); ++i) {
      data::Drawn own = drawn;
      if (i > 0) own.seed = derive_seed(drawn.seed, "stage", i);
      if (stages[i].function >= 0) {
        result = call(functions_[stages[i].function], result, own);
      } else {
        data::Draw draw(own.seed);
        for (const auto& step : stages[i].steps) result = step->apply(result, draw);
      }
    }
    return result;
  }

  at::Tensor call(int function, const at::Tensor& image, const data::Drawn& drawn) {
    at::Tensor result;
    check(state_.protect([&] {
      lua_State* L = state_.state();
      restart_random(L, drawn.seed);
      lua_rawgeti(L, LUA_REGISTRYINDEX, function);
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

  std::shared_ptr<const Origin> origin_;
  WorkerState state_;
  std::vector<int> functions_;
  int with_ = LUA_NOREF;
};

// The field's value on the stack; the table loses it.
void take_field(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  lua_pushnil(L);
  lua_setfield(L, index, name);
}

// A list of stages, each a step { kind, ... } or code.
std::vector<Stage> check_stages(lua_State* L, int index, std::vector<WorkerCode>& codes) {
  if (!lua_istable(L, index)) fail("'transform' takes a list of steps and functions for each source");
  std::vector<Stage> stages;
  for (int i = 1; lua_rawgeti(L, index, i), !lua_isnil(L, -1); ++i, lua_pop(L, 1)) {
    if (!lua_istable(L, -1)) {
      stages.push_back({{}, static_cast<int>(codes.size())});
      codes.push_back(check_code(L, lua_gettop(L)));
      continue;
    }
    if (stages.empty() || stages.back().function >= 0) stages.emplace_back();
    for (auto& step : data::make_steps(Json::array({to_json(L, lua_gettop(L))})))
      stages.back().steps.push_back(std::move(step));
  }
  lua_pop(L, 1);
  return stages;
}

}  // namespace

GivenTransform take_transform(lua_State* L, int index) {
  if (!lua_istable(L, index)) return {};
  auto origin = std::make_shared<Origin>();
  const int top = lua_gettop(L);
  take_field(L, index, "transform");
  take_field(L, index, "with");
  const bool given = !lua_isnil(L, top + 1);
  if (!given && !lua_isnil(L, top + 2)) fail("option 'with' belongs to 'transform', which is missing");
  if (lua_istable(L, top + 1)) {
    for (int i = 1; lua_rawgeti(L, top + 1, i), !lua_isnil(L, -1); ++i, lua_pop(L, 1))
      origin->of_domain.push_back(check_stages(L, lua_gettop(L), origin->codes));
    if (origin->codes.empty()) {  // no Lua is needed
      if (!lua_isnil(L, top + 2)) fail("option 'with' belongs to a function as 'transform'");
      lua_settop(L, top);
      std::vector<data::Steps> steps;
      for (auto& stages : origin->of_domain) steps.push_back(stages.empty() ? data::Steps{} : stages[0].steps);
      return {data::augmentation(std::move(steps)), false};
    }
  } else if (given) {
    origin->of_domain.push_back({{{}, 0}});
    origin->codes.push_back(check_code(L, top + 1));
  }
  if (given) {
    origin->options = program_options(L);
    origin->with = pack(L, top + 2, top + 2, "with");
  }
  lua_settop(L, top);
  if (!given) return {};
  return {[origin] { return std::make_unique<LuaTransform>(origin); }, true};
}

}  // namespace moonlab::lua
