// Random numbers and devices: seeds, generators of their own, streams by purpose; which GPUs there are.
#include "host/rng.hpp"

#include "host/device.hpp"

#include "bindings/all.hpp"
#include "bindings/tensor.hpp"

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

int is_open(lua_State* L) {
  lua_pushboolean(L, cuda_is_open());
  return 1;
}

const luaL_Reg kFunctions[] = {{"cuda_is_open", is_open}, {"manual_seed", manual_seed}, {"generator", generator}, {"stream", purpose_stream}, {"derive_seed", derived},
                               {"state", state}, {"set_state", set_state}, {"initial_seed", initial_seed}, {"gpu_count", gpus}, {"synchronize", wait}, {nullptr, nullptr}};

}  // namespace

int open_rng(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
