#include "bindings/all.hpp"

#include "bindings/lua.hpp"

namespace moonlab::lua {

void preload_all(lua_State* L) {
  const luaL_Reg areas[] = {{"host.tensor", open_tensor}, {"host.operators", open_operators}, {"host.autograd", open_autograd},
                            {"host.functorch", open_functorch}, {"host.settings", open_settings}, {"host.profiler", open_profiler}, {"host.cuda", open_cuda}, {"host.autocast", open_autocast},
                            {"host.rng", open_rng},       {"host.module", open_module}, {"host.initializers", open_initializers},       {"host.graph", open_graph},
                            {"host.label", open_label},   {"host.representation", open_representation}, {"host.adaptive", open_adaptive}, {"host.balance", open_balance}, {"host.metric", open_metric},     {"host.data", open_data}, {"host.text", open_text}, {"host.image", open_image},
                            {"host.run", open_run}, {"host.index", open_index}, {"host.plot", open_plot},       {"host.system", open_system},  {"host.worker", open_worker}, {"host.torch_file", open_torch_file}, {"host.weights", open_weights}, {"host.torch_script", open_torch_script}, {"host.bench", open_bench}};
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  for (const auto& area : areas) {
    if (!area.func) continue;
    lua_pushcfunction(L, area.func);
    lua_setfield(L, -2, area.name);
  }
  lua_pop(L, 2);
}

}  // namespace moonlab::lua
