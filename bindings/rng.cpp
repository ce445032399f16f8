// Random numbers and devices: seeds, generators of their own, streams by purpose; which GPUs there are.
#include "host/rng.hpp"

#include "host/device.hpp"

#include "bindings/all.hpp"
#include "bindings/tensor_parts.hpp"

namespace moonlab::lua {

namespace {

int manual_seed(lua_State* L) {
  seed_all(static_cast<uint64_t>(check_integer(L, 1)));
  return 0;
}

/// generator(seed, device = "cpu") -> a generator of its own, for an operator's generator keyword.
int generator(lua_State* L) {
  push_ivalue(L, make_generator(static_cast<uint64_t>(check_integer(L, 1)), optional_string(L, 2, "cpu")));
  return 1;
}

/// stream(seed, purpose, index = 0) -> a CPU generator that differs for every purpose and index.
int purpose_stream(lua_State* L) {
  push_ivalue(L, stream(static_cast<uint64_t>(check_integer(L, 1)), check_string(L, 2), static_cast<uint64_t>(optional_integer(L, 3, 0))));
  return 1;
}

int derived(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(derive_seed(static_cast<uint64_t>(check_integer(L, 1)), check_string(L, 2), static_cast<uint64_t>(optional_integer(L, 3, 0)))));
  return 1;
}

/// state(generator | nil) -> uint8 tensor; set_state(tensor, generator | nil). nil is the CPU's default generator.
int state(lua_State* L) {
  push(L, generator_state(optional_generator(L, 1)));
  return 1;
}

int set_state(lua_State* L) {
  set_generator_state(optional_generator(L, 2), check_tensor(L, 1));
  return 0;
}

int initial_seed(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(generator_seed(optional_generator(L, 1))));
  return 1;
}

int gpus(lua_State* L) {
  lua_pushinteger(L, gpu_count());
  return 1;
}

/// synchronize(device): no effect where CUDA was never opened.
int wait(lua_State* L) {
  if (cuda_is_open()) synchronize(open_device(check_string(L, 1)));
  return 0;
}

/// default_generator(device) -> the generator that operators there use
int default_of(lua_State* L) {
  push_ivalue(L, default_generator(optional_string(L, 1, "cpu")));
  return 1;
}

/// seed_device(seed, index | nil): of one GPU, or all
int seed_gpu(lua_State* L) {
  const auto seed = static_cast<uint64_t>(check_integer(L, 1));
  if (lua_isnoneornil(L, 2)) seed_cuda(seed);
  else set_generator_seed(default_generator("cuda:" + std::to_string(check_integer(L, 2))), seed);
  return 0;
}

int unforeseen(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(random_seed()));
  return 1;
}

// ---- generators as objects: g:manual_seed(n), g:seed(), g:initial_seed(), g:get_state(), g:set_state(s), g.device --------

int own_manual_seed(lua_State* L) {
  set_generator_seed(optional_generator(L, 1), static_cast<uint64_t>(check_integer(L, 2)));
  lua_settop(L, 1);
  return 1;
}

int own_seed(lua_State* L) {
  const uint64_t seed = random_seed();
  set_generator_seed(optional_generator(L, 1), seed);
  lua_pushnumber(L, static_cast<double>(seed));
  return 1;
}

int own_set_state(lua_State* L) {
  set_generator_state(optional_generator(L, 1), check_tensor(L, 2));
  lua_settop(L, 1);
  return 1;
}

const luaL_Reg kGeneratorMethods[] = {{"manual_seed", own_manual_seed}, {"seed", own_seed}, {"initial_seed", initial_seed},
                                      {"get_state", state}, {"set_state", own_set_state}, {nullptr, nullptr}};

int object_index(lua_State* L) {
  const at::Generator g = optional_generator(L, 1);
  const std::string key = check_string(L, 2);
  if (key == "device") return push(L, generator_device(g)), 1;
  for (const luaL_Reg* m = kGeneratorMethods; m->name; ++m)
    if (key == m->name) return lua_pushcfunction(L, m->func), 1;
  fail("a generator has no '", key, "'", did_you_mean(key, {"manual_seed", "seed", "initial_seed", "get_state", "set_state", "device"}));
}

const luaL_Reg kFunctions[] = {{"default_generator", default_of}, {"seed_device", seed_gpu}, {"random_seed", unforeseen}, {"manual_seed", manual_seed}, {"generator", generator}, {"stream", purpose_stream}, {"derive_seed", derived},
                               {"state", state}, {"set_state", set_state}, {"initial_seed", initial_seed}, {"gpu_count", gpus}, {"synchronize", wait}, {nullptr, nullptr}};

}  // namespace

const luaL_Reg kObjectMeta[] = {{"__index", object_index}, {nullptr, nullptr}};

int open_rng(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
