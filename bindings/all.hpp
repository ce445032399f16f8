// Every binding file gives one function that leaves its table of functions on the stack; stdlib gets it by
// `require "host.NAME"`. Adding an area is a line here and a line in all.cpp.
#pragma once

struct lua_State;

namespace moonlab::lua {

int open_tensor(lua_State* L);
int open_operators(lua_State* L);
int open_autograd(lua_State* L);
int open_functorch(lua_State* L);
int open_settings(lua_State* L);
int open_profiler(lua_State* L);
int open_cuda(lua_State* L);
int open_autocast(lua_State* L);
int open_rng(lua_State* L);
int open_module(lua_State* L);
int open_initializers(lua_State* L);
int open_graph(lua_State* L);
int open_label(lua_State* L);
int open_representation(lua_State* L);
int open_adaptive(lua_State* L);
int open_balance(lua_State* L);
int open_metric(lua_State* L);
int open_data(lua_State* L);
int open_text(lua_State* L);
int open_image(lua_State* L);
int open_run(lua_State* L);
int open_index(lua_State* L);
int open_plot(lua_State* L);
int open_system(lua_State* L);
int open_worker(lua_State* L);
int open_torch_file(lua_State* L);
int open_weights(lua_State* L);
int open_torch_script(lua_State* L);
int open_bench(lua_State* L);

/// Fills package.preload with all of them.
void preload_all(lua_State* L);

}  // namespace moonlab::lua
