#include "bindings/worker_state.hpp"

#include "host/thread/random.hpp"
#include "host/thread/worker.hpp"

namespace moonlab::lua {

WorkerState::WorkerState(const ProgramOptions& options, uint64_t seed) : L(open_program(options)) {
  restart_random(L, seed);
  thread::Worker::on_stop([](void* state) { interrupt_lua(static_cast<lua_State*>(state)); }, L);
}

WorkerState::~WorkerState() {
  thread::Worker::on_stop(nullptr, nullptr);
  lua_sethook(L, nullptr, 0, 0);
  close_program(L);
}

std::string WorkerState::protect(const std::function<void()>& work) {
  const int top = lua_gettop(L);
  lua_pushcfunction(L, [](lua_State* l) {
    (*static_cast<const std::function<void()>*>(lua_touserdata(l, 1)))();
    return 0;
  });
  lua_pushlightuserdata(L, const_cast<std::function<void()>*>(&work));
  std::string error;
  call_explained(L, 1, 0, error);
  lua_settop(L, top);
  return error;
}

void restart_random(lua_State* L, uint64_t seed) {
  thread::own_default_generator(seed);
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushnumber(L, static_cast<double>(seed >> 11));
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

}  // namespace moonlab::lua
