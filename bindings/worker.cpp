// require "host.worker": threads with Lua states of their own, and channels between them. stdlib/worker.lua,
// channel.lua and parallel.lua are what scripts use.
#include "host/thread/worker.hpp"

#include <mutex>
#include <optional>

#include "bindings/all.hpp"
#include "bindings/channel.hpp"
#include "bindings/parcel.hpp"
#include "bindings/program_state.hpp"
#include "bindings/state.hpp"
#include "bindings/worker_code.hpp"
#include "bindings/worker_state.hpp"
#include "host/rng.hpp"
#include "host/thread/random.hpp"

namespace moonlab::lua {

namespace {

/// What a worker is given and what it leaves: the only memory that both threads see.
struct Task {
  ProgramOptions options;
  WorkerCode code;
  thread::Parcel arguments;
  uint64_t seed;

  std::mutex mutex;
  std::optional<thread::Parcel> results;
  std::string error;

  void run() noexcept {
    std::string failure;
    std::optional<thread::Parcel> done;
    try {
      WorkerState state(options, seed);
      lua_State* L = state.state();
      failure = state.protect([&] {
        const int before = lua_gettop(L);
        push_code(L, code);
        lua_call(L, unpack(L, arguments), LUA_MULTRET);
        done = pack(L, before + 1, lua_gettop(L), "result");
      });
    } catch (const std::exception& e) {
      failure = e.what();
    }
    std::lock_guard lock(mutex);
    results = std::move(done);
    error = std::move(failure);
  }
};

/// The worker as the state sees it that started it. Letting go of it asks it to stop.
struct Handle {
  std::shared_ptr<thread::Worker> thread;
  std::shared_ptr<Task> task;
  ~Handle() { thread->stop(); }
};

}  // namespace

template <>
struct TypeName<Handle> {
  static constexpr const char* value = "worker";
};

namespace {

Handle& self(lua_State* L) { return *check_object<Handle>(L, 1); }

/// start(code, seed, arguments...) -> worker
int start(lua_State* L) {
  auto task = std::make_shared<Task>();
  task->code = check_code(L, 1);
  task->seed = static_cast<uint64_t>(check_integer(L, 2));
  task->options = program_options(L);
  task->arguments = pack(L, 3, lua_gettop(L));
  auto handle = std::make_shared<Handle>();
  handle->task = task;
  handle->thread = thread::Worker::start([task] { task->run(); }, task->seed);
  push_object(L, std::move(handle));
  return 1;
}

/// result([seconds]) -> what the code returned, or nil and "timeout". Raises the worker's error.
int result(lua_State* L) {
  Handle& handle = self(L);
  if (!handle.thread->wait(optional_seconds(L, 2))) {
    lua_pushnil(L);
    lua_pushliteral(L, "timeout");
    return 2;
  }
  std::lock_guard lock(handle.task->mutex);
  if (handle.task->results) return unpack(L, *handle.task->results);
  if (handle.thread->asked_to_stop()) fail("the worker was stopped");
  fail("in a worker: ", handle.task->error);
}

/// join([seconds]) -> whether it ended in time; raises nothing of the worker's.
int join(lua_State* L) {
  lua_pushboolean(L, self(L).thread->wait(optional_seconds(L, 2)));
  return 1;
}

int alive(lua_State* L) {
  lua_pushboolean(L, !self(L).thread->ended());
  return 1;
}

/// stop(): asks it to end; result() then raises "the worker was stopped", unless it was done already.
int stop(lua_State* L) {
  self(L).thread->stop();
  return 0;
}

int to_text(lua_State* L) {
  push(L, self(L).thread->ended() ? "worker: ended" : "worker: running");
  return 1;
}

/// inside(): whether this state is a worker's.
int inside(lua_State* L) {
  lua_pushboolean(L, thread::Worker::inside());
  return 1;
}

/// reseed(seed): restarts this worker's random numbers, PyTorch's and Lua's.
int reseed(lua_State* L) {
  if (!thread::Worker::inside()) fail("reseed: only a worker has random numbers of its own; use torch.manual_seed");
  restart_random(L, static_cast<uint64_t>(check_integer(L, 1)));
  return 0;
}

/// pack_code(code) -> plain data that says the same, to be sent to workers; load(data) -> the function, there.
int pack_code(lua_State* L) {
  const WorkerCode code = check_code(L, 1);
  push(L, Json{{"kind", static_cast<int>(code.kind)}, {"name", code.name}});
  push(L, code.text);  // bytecode is no text for JSON
  lua_setfield(L, -2, "text");
  return 1;
}

int load(lua_State* L) {
  if (!lua_istable(L, 1)) argument_error(L, 1, "what pack_code gives");
  for (const char* field : {"kind", "name", "text"}) lua_getfield(L, 1, field);
  const int64_t kind = check_integer(L, 2);
  if (kind < 0 || kind > 3) argument_error(L, 1, "what pack_code gives");
  push_code(L, {static_cast<WorkerCode::Kind>(kind), check_string(L, 4), check_string(L, 3)});
  return 1;
}

/// traceback(message): the text of an error with the lines it came through, for xpcall.
int traceback(lua_State* L) { return explain(L); }

}  // namespace

int open_worker(lua_State* L) {
  const luaL_Reg methods[] = {{"result", result}, {"join", join}, {"alive", alive}, {"stop", stop}, {nullptr, nullptr}};
  const luaL_Reg meta[] = {{"__tostring", to_text}, {nullptr, nullptr}};
  register_type<Handle>(L, methods, meta);
  const luaL_Reg functions[] = {{"start", start}, {"inside", inside}, {"reseed", reseed}, {"pack_code", pack_code}, {"load", load}, {"traceback", traceback}, {nullptr, nullptr}};
  push_library(L, functions);
  add_channels(L);
  return 1;
}

}  // namespace moonlab::lua
