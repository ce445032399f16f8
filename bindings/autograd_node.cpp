// Nodes of the graph as Lua values, hooks on them and on what the graph keeps.
#include "bindings/autograd_parts.hpp"
#include "host/tensor/engine.hpp"
#include "host/tensor/graph_node.hpp"

namespace moonlab::lua {

/// Takes a hook off; the hook stays while the handle is forgotten.
struct HookHandle {
  std::function<void()> remove;
};

template <>
struct TypeName<GraphNode> {
  static constexpr const char* value = "node of the graph";
};
template <>
struct TypeName<HookHandle> {
  static constexpr const char* value = "hook handle";
};

namespace {

void push_node(lua_State* L, std::shared_ptr<GraphNode> node) {
  if (node) push_object(L, std::move(node));
  else lua_pushnil(L);
}

int push_handle(lua_State* L, std::function<void()> remove) {
  push_object(L, std::make_shared<HookHandle>(HookHandle{std::move(remove)}));
  return 1;
}

int remove(lua_State* L) {
  check_object<HookHandle>(L, 1)->remove();
  return 0;
}

int name(lua_State* L) {
  push(L, std::string_view(check_object<GraphNode>(L, 1)->name()));
  return 1;
}

int to_name(lua_State* L) {
  push(L, std::string_view("<" + check_object<GraphNode>(L, 1)->name() + ">"));
  return 1;
}

int same(lua_State* L) {
  auto a = test_object<GraphNode>(L, 1), b = test_object<GraphNode>(L, 2);
  lua_pushboolean(L, a && b && a->same(*b));
  return 1;
}

int sequence_number(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check_object<GraphNode>(L, 1)->sequence_number()));
  return 1;
}

void push_list(lua_State* L, const Tensors& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  for (size_t i = 0; i < list.size(); ++i) {
    push(L, list[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

/// What a hook gave: nothing, one tensor, or a list with torch.None where there is no gradient.
Tensors replaced(lua_State* l, size_t count) {
  Tensors list;
  if (const at::Tensor* t = test_tensor(l, -1)) {
    list = {*t};
  } else if (lua_istable(l, -1)) {
    for (size_t i = 1; i <= count; ++i) {
      lua_rawgeti(l, -1, static_cast<int>(i));
      const at::Tensor* item = test_tensor(l, -1);
      list.push_back(item ? *item : at::Tensor());
      lua_pop(l, 1);
    }
  } else if (!lua_isnil(l, -1)) {
    std::string got = describe(l, -1);
    lua_pop(l, 1);
    fail("a hook of a node must return a list of tensors or nothing, got ", got);
  }
  lua_pop(l, 1);
  return list;
}

/// node:register_hook(f): f(gradients of inputs, gradients of outputs) after the node, two lists.
int register_hook(lua_State* L) {
  auto node = check_object<GraphNode>(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  auto f = std::make_shared<Callback>(L, 2);
  return push_handle(L, node->after([f](const Tensors& inputs, const Tensors& outputs) {
    lua_State* l = f->enter();
    push_list(l, inputs);
    push_list(l, outputs);
    call_from_host(l, 2, 1);
    return replaced(l, inputs.size());
  }));
}

/// node:register_prehook(f): f(gradients of outputs) before the node.
int register_prehook(lua_State* L) {
  auto node = check_object<GraphNode>(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  auto f = std::make_shared<Callback>(L, 2);
  return push_handle(L, node->before([f](const Tensors& grads) {
    lua_State* l = f->enter();
    push_list(l, grads);
    call_from_host(l, 1, 1);
    return replaced(l, grads.size());
  }));
}

const luaL_Reg kNodeMethods[] = {{"name", name},
                                 {"register_hook", register_hook},
                                 {"register_prehook", register_prehook},
                                 {"_sequence_nr", sequence_number},
                                 {nullptr, nullptr}};

/// Properties first: next_functions is a list of {node or torch.None, output number}, variable the leaf of
/// AccumulateGrad.
int node_index(lua_State* L) {
  auto node = check_object<GraphNode>(L, 1);
  const std::string key = check_string(L, 2);
  if (key == "next_functions") {
    const auto next = node->next();
    lua_createtable(L, static_cast<int>(next.size()), 0);
    for (size_t i = 0; i < next.size(); ++i) {
      lua_createtable(L, 2, 0);
      if (next[i].first) push_object(L, next[i].first);
      else lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
      lua_rawseti(L, -2, 1);
      lua_pushinteger(L, next[i].second);
      lua_rawseti(L, -2, 2);
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    return 1;
  }
  if (key == "variable") {
    push(L, node->variable());
    return 1;
  }
  for (const luaL_Reg* method = kNodeMethods; method->name; ++method)
    if (key == method->name) {
      lua_pushcfunction(L, method->func);
      return 1;
    }
  fail("a node of the graph has no '", key, "'",
       did_you_mean(key, {"name", "next_functions", "register_hook", "register_prehook", "variable"}));
}

/// node_of(x) -> the node that made x, nil for a leaf
int node_of(lua_State* L) {
  push_node(L, GraphNode::of(check_tensor(L, 1)));
  return 1;
}

/// gradient_edge(x) -> node, number of its output
int gradient_edge(lua_State* L) {
  auto [node, number] = GraphNode::edge_of(check_tensor(L, 1));
  push_node(L, std::move(node));
  lua_pushinteger(L, number);
  return 2;
}

/// after_accumulation(leaf, f) -> handle
int hook_after_accumulation(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  auto f = std::make_shared<Callback>(L, 2);
  auto remove = after_accumulation(x, [f](const at::Tensor& leaf) {
    lua_State* l = f->enter();
    push(l, leaf);
    call_from_host(l, 1, 0);
  });
  remember(L, 1);
  return push_handle(L, std::move(remove));
}

/// saved_tensors_hooks(pack, unpack, f, ...) -> what f(...) gives
int saved_tensors_hooks(lua_State* L) {
  for (int i = 1; i <= 3; ++i)
    if (!lua_isfunction(L, i)) argument_error(L, i, "a function");
  auto pack = std::make_shared<Callback>(L, 1), unpack = std::make_shared<Callback>(L, 2);
  SavedHooks hooks;
  hooks.pack = [pack](const at::Tensor& x) -> std::shared_ptr<void> {
    lua_State* l = pack->enter();
    push(l, x);
    call_from_host(l, 1, 1);
    auto packed = std::make_shared<Callback>(l, lua_gettop(l));
    lua_pop(l, 1);
    return packed;
  };
  hooks.unpack = [unpack](const std::shared_ptr<void>& packed) {
    lua_State* l = unpack->enter();
    const int base = lua_gettop(l) - 1;
    static_cast<Callback*>(packed.get())->enter();
    call_from_host(l, 1, 1);
    Tensors result = pop_results(l, base, "the hook that unpacks a saved tensor");
    if (result.size() != 1 || !result[0].defined()) fail("the hook that unpacks a saved tensor must return a tensor");
    return result[0];
  };
  SavedHooksGuard guard(std::move(hooks));
  lua_call(L, lua_gettop(L) - 3, LUA_MULTRET);
  return lua_gettop(L) - 2;
}

/// disable_saved_tensors_hooks(message, f, ...) -> what f(...) gives
int disable_saved_tensors_hooks(lua_State* L) {
  NoSavedHooksGuard guard(check_string(L, 1));
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

const luaL_Reg kHandleMethods[] = {{"remove", remove}, {nullptr, nullptr}};
const luaL_Reg kNodeMeta[] = {{"__index", node_index}, {"__tostring", to_name}, {"__eq", same}, {nullptr, nullptr}};

}  // namespace

void register_node_types(lua_State* L) {
  register_type<HookHandle>(L, kHandleMethods);
  register_type<GraphNode>(L, nullptr, kNodeMeta);
}

const luaL_Reg kNodeFunctions[] = {{"node_of", node_of},
                                   {"gradient_edge", gradient_edge},
                                   {"after_accumulation", hook_after_accumulation},
                                   {"saved_tensors_hooks", saved_tensors_hooks},
                                   {"disable_saved_tensors_hooks", disable_saved_tensors_hooks},
                                   {nullptr, nullptr}};

}  // namespace moonlab::lua
