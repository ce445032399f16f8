// CUDA for Lua: devices, memory, streams, events, graphs. Nothing is opened before one of these functions is called.
#include "host/cuda.hpp"

#include <ATen/core/Tensor.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>

#include <cstring>

#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/cuda_graph.hpp"
#include "host/device.hpp"

namespace moonlab::lua {

template <>
struct TypeName<c10::Stream> {
  static constexpr const char* value = "CUDA stream";
};
template <>
struct TypeName<c10::Event> {
  static constexpr const char* value = "CUDA event";
};
template <>
struct TypeName<cuda::Graph> {
  static constexpr const char* value = "CUDA graph";
};

namespace {

int number(lua_State* L, double n) {
  lua_pushnumber(L, n);
  return 1;
}

int push_stream(lua_State* L, const c10::Stream& stream) {
  push_object(L, std::make_shared<c10::Stream>(stream));
  return 1;
}

/// A device's number: a number, or "cuda", "cuda:1"; -1 where absent.
int device_index(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return -1;
  if (lua_type(L, index) == LUA_TNUMBER) return static_cast<int>(check_integer(L, index));
  const at::Device d = open_device(check_string(L, index));
  if (!d.is_cuda()) fail("'", d.str(), "' is no CUDA device");
  return d.has_index() ? d.index() : -1;
}

c10::Stream stream_or_current(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? cuda::current_stream(-1) : *check_object<c10::Stream>(L, index);
}

int is_open(lua_State* L) {
  lua_pushboolean(L, cuda_is_open());
  return 1;
}
int open(lua_State* L) {
  open_device("cuda");
  return 0;
}
int is_available(lua_State* L) {
  lua_pushboolean(L, cuda_is_available());
  return 1;
}
int device_count(lua_State* L) { return number(L, gpu_count()); }
int current_device(lua_State* L) { return number(L, cuda::current_device()); }
int set_device(lua_State* L) {
  if (const int i = device_index(L, 1); i >= 0) cuda::set_device(i);
  return 0;
}

void check_function(lua_State* L, int index) {
  if (!lua_isfunction(L, index)) argument_error(L, index, "a function");
}

/// with_device(device, f, ...) -> what f returns; the device before is current again afterwards, also where f fails
int with_device(lua_State* L) {
  check_function(L, 2);
  const at::Device device = cuda::device(device_index(L, 1));
  c10::DeviceGuard guard(device);
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

/// with_stream(stream, f, ...) -> what f returns
int with_stream(lua_State* L) {
  check_function(L, 2);
  c10::StreamGuard guard(*check_object<c10::Stream>(L, 1));
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

/// properties(device) -> {name, uuid, major, minor, total_memory, ...}
int properties(lua_State* L) {
  const cuda::Properties p = cuda::properties(device_index(L, 1));
  lua_newtable(L);
  push(L, p.name), lua_setfield(L, -2, "name");
  push(L, p.uuid), lua_setfield(L, -2, "uuid");
  for (const auto& [key, value] : p.numbers) lua_pushnumber(L, static_cast<double>(value)), lua_setfield(L, -2, key.c_str());
  return 1;
}

int wait(lua_State* L) {
  synchronize(cuda::device(device_index(L, 1)));
  return 0;
}

int empty_cache(lua_State*) {
  cuda::empty_cache();
  return 0;
}

int memory_stats(lua_State* L) {
  const auto stats = cuda::memory_stats(device_index(L, 1));
  lua_createtable(L, 0, static_cast<int>(stats.size()));
  for (const auto& [key, value] : stats) lua_pushnumber(L, static_cast<double>(value)), lua_setfield(L, -2, key.c_str());
  return 1;
}

int reset_peak(lua_State* L) {
  cuda::reset_peak_memory_stats(device_index(L, 1));
  return 0;
}

int reset_accumulated(lua_State* L) {
  cuda::reset_accumulated_memory_stats(device_index(L, 1));
  return 0;
}

int mem_get_info(lua_State* L) {
  const auto [available, total] = cuda::mem_get_info(device_index(L, 1));
  number(L, static_cast<double>(available));
  number(L, static_cast<double>(total));
  return 2;
}

int new_stream(lua_State* L) { return push_stream(L, cuda::new_stream(device_index(L, 1), static_cast<int>(optional_integer(L, 2, 0)))); }
int current_stream(lua_State* L) { return push_stream(L, cuda::current_stream(device_index(L, 1))); }
int default_stream(lua_State* L) { return push_stream(L, cuda::default_stream(device_index(L, 1))); }
int set_stream(lua_State* L) {
  cuda::set_stream(*check_object<c10::Stream>(L, 1));
  return 0;
}

/// event(timing, blocking ignored: LibTorch's waits are its own)
int new_event(lua_State* L) {
  push_object(L, cuda::new_event(optional_boolean(L, 1, false)));
  return 1;
}

int new_graph(lua_State* L) {
  push_object(L, std::make_shared<cuda::Graph>());
  return 1;
}

int push_pool(lua_State* L, cuda::Pool pool) {
  lua_createtable(L, 2, 0);
  lua_pushnumber(L, static_cast<double>(pool.first)), lua_rawseti(L, -2, 1);
  lua_pushnumber(L, static_cast<double>(pool.second)), lua_rawseti(L, -2, 2);
  return 1;
}

int graph_pool(lua_State* L) { return push_pool(L, cuda::graph_pool()); }

int set_sync_debug(lua_State* L) {
  cuda::set_sync_debug_mode(static_cast<int>(check_integer(L, 1)));
  return 0;
}
int sync_debug(lua_State* L) { return number(L, cuda::sync_debug_mode()); }

int record_stream(lua_State* L) {
  cuda::record_stream(check_tensor(L, 1), *check_object<c10::Stream>(L, 2));
  lua_settop(L, 1);
  return 1;
}

// ---- streams ------------------------------------------------------------------------------------------------------

int stream_synchronize(lua_State* L) {
  cuda::synchronize(*check_object<c10::Stream>(L, 1));
  return 0;
}
int stream_query(lua_State* L) {
  lua_pushboolean(L, cuda::query(*check_object<c10::Stream>(L, 1)));
  return 1;
}
int stream_wait_event(lua_State* L) {
  check_object<c10::Event>(L, 2)->block(*check_object<c10::Stream>(L, 1));
  return 0;
}
/// What is given to this stream from now on waits for what the other has been given.
int stream_wait_stream(lua_State* L) {
  auto event = cuda::new_event(false);
  event->record(*check_object<c10::Stream>(L, 2));
  event->block(*check_object<c10::Stream>(L, 1));
  return 0;
}
int stream_record_event(lua_State* L) {
  auto event = lua_isnoneornil(L, 2) ? cuda::new_event(false) : check_object<c10::Event>(L, 2);
  event->record(*check_object<c10::Stream>(L, 1));
  push_object(L, std::move(event));
  return 1;
}
int stream_equal(lua_State* L) {
  auto a = test_object<c10::Stream>(L, 1), b = test_object<c10::Stream>(L, 2);
  lua_pushboolean(L, a && b && *a == *b);
  return 1;
}
int stream_text(lua_State* L) {
  auto s = check_object<c10::Stream>(L, 1);
  push(L, "CUDA stream " + std::to_string(s->id()) + " of " + s->device().str());
  return 1;
}

const luaL_Reg kStreamMethods[] = {{"synchronize", stream_synchronize}, {"query", stream_query}, {"wait_event", stream_wait_event},
                                   {"wait_stream", stream_wait_stream}, {"record_event", stream_record_event}, {nullptr, nullptr}};

int push_method(lua_State* L, const luaL_Reg* methods, const char* key, const char* type, const std::vector<std::string>& properties) {
  std::vector<std::string> names = properties;
  for (; methods->name; ++methods) {
    if (std::strcmp(methods->name, key) == 0) {
      lua_pushcfunction(L, methods->func);
      return 1;
    }
    names.push_back(methods->name);
  }
  fail("a ", type, " has no '", key, "'", did_you_mean(key, names));
}

int stream_index(lua_State* L) {
  auto s = check_object<c10::Stream>(L, 1);
  const std::string key = check_string(L, 2);
  if (key == "device") return push(L, s->device().str()), 1;
  if (key == "device_index") return number(L, s->device().index());
  if (key == "stream_id") return number(L, static_cast<double>(s->id()));
  if (key == "cuda_stream") return number(L, static_cast<double>(cuda::native_handle(*s)));
  return push_method(L, kStreamMethods, key.c_str(), "CUDA stream", {"device", "device_index", "stream_id", "cuda_stream"});
}

const luaL_Reg kStreamMeta[] = {{"__index", stream_index}, {"__eq", stream_equal}, {"__tostring", stream_text}, {nullptr, nullptr}};

// ---- events -------------------------------------------------------------------------------------------------------

int event_record(lua_State* L) {
  check_object<c10::Event>(L, 1)->record(stream_or_current(L, 2));
  return 0;
}
int event_wait(lua_State* L) {
  check_object<c10::Event>(L, 1)->block(stream_or_current(L, 2));
  return 0;
}
int event_query(lua_State* L) {
  lua_pushboolean(L, check_object<c10::Event>(L, 1)->query());
  return 1;
}
int event_synchronize(lua_State* L) {
  check_object<c10::Event>(L, 1)->synchronize();
  return 0;
}
/// a:elapsed_time(b) -> milliseconds
int event_elapsed(lua_State* L) { return number(L, check_object<c10::Event>(L, 1)->elapsedTime(*check_object<c10::Event>(L, 2))); }

const luaL_Reg kEventMethods[] = {{"record", event_record}, {"wait", event_wait}, {"query", event_query}, {"synchronize", event_synchronize},
                                  {"elapsed_time", event_elapsed}, {nullptr, nullptr}};

// ---- graphs -------------------------------------------------------------------------------------------------------

/// graph:capture_begin(pool | nil, mode = "global")
int graph_begin(lua_State* L) {
  cuda::Pool pool{0, 0};
  if (!lua_isnoneornil(L, 2)) {
    const auto numbers = check_integers(L, 2);
    if (numbers.size() != 2) argument_error(L, 2, "a pool, as graph:pool() or torch.cuda.graph_pool_handle() gives it");
    pool = {static_cast<unsigned long long>(numbers[0]), static_cast<unsigned long long>(numbers[1])};
  }
  check_object<cuda::Graph>(L, 1)->capture_begin(pool, optional_string(L, 3, "global"));
  return 0;
}
int graph_end(lua_State* L) {
  check_object<cuda::Graph>(L, 1)->capture_end();
  return 0;
}
int graph_replay(lua_State* L) {
  check_object<cuda::Graph>(L, 1)->replay();
  return 0;
}
int graph_reset(lua_State* L) {
  check_object<cuda::Graph>(L, 1)->reset();
  return 0;
}
int graph_own_pool(lua_State* L) { return push_pool(L, check_object<cuda::Graph>(L, 1)->pool()); }

const luaL_Reg kGraphMethods[] = {{"capture_begin", graph_begin}, {"capture_end", graph_end}, {"replay", graph_replay},
                                  {"reset", graph_reset}, {"pool", graph_own_pool}, {nullptr, nullptr}};

const luaL_Reg kFunctions[] = {{"is_open", is_open}, {"is_available", is_available}, {"open", open}, {"device_count", device_count}, {"current_device", current_device},
                               {"set_device", set_device}, {"with_device", with_device}, {"with_stream", with_stream}, {"properties", properties},
                               {"synchronize", wait}, {"empty_cache", empty_cache}, {"memory_stats", memory_stats},
                               {"reset_peak_memory_stats", reset_peak}, {"reset_accumulated_memory_stats", reset_accumulated},
                               {"mem_get_info", mem_get_info}, {"stream", new_stream}, {"current_stream", current_stream},
                               {"default_stream", default_stream}, {"set_stream", set_stream}, {"event", new_event}, {"graph", new_graph},
                               {"graph_pool", graph_pool}, {"set_sync_debug_mode", set_sync_debug}, {"sync_debug_mode", sync_debug},
                               {"record_stream", record_stream}, {nullptr, nullptr}};

}  // namespace

int open_cuda(lua_State* L) {
  register_type<c10::Stream>(L, nullptr, kStreamMeta);
  register_type<c10::Event>(L, kEventMethods);
  register_type<cuda::Graph>(L, kGraphMethods);
  return push_library(L, kFunctions);
}

}  // namespace moonlab::lua
