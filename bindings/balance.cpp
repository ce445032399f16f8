// Gradient balancing for Lua: require "host.balance".
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/balance/metabalance.hpp"

namespace moonlab::lua {

using balance::MetaBalance;

template <>
struct TypeName<MetaBalance> {
  static constexpr const char* value = "metabalance";
};

namespace {

template <class T>
T choice(const std::string& word, const std::vector<std::pair<std::string, T>>& known, const char* what) {
  std::vector<std::string> names;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    names.push_back(name);
  }
  fail("metabalance: unknown ", what, " '", word, "'", did_you_mean(word, names));
}

/// metabalance { relax = 0.7, beta = 0.9, strategy = "C", part = "tensor" }
int make(lua_State* L) {
  Json o = to_json(L, 1);
  if (!o.is_object()) o = Json::object();
  push_object(
      L, std::make_shared<MetaBalance>(
             o.value("relax", 0.7), o.value("beta", 0.9),
             choice<balance::Strategy>(
                 o.value("strategy", "C"),
                 {{"A", balance::Strategy::shrink}, {"B", balance::Strategy::enlarge}, {"C", balance::Strategy::both}},
                 "strategy"),
             choice<balance::Part>(o.value("part", "tensor"),
                                   {{"tensor", balance::Part::tensor}, {"whole", balance::Part::whole}}, "part")));
  return 1;
}

std::vector<std::vector<at::Tensor>> by_task(lua_State* L, int index) {
  if (!lua_istable(L, index)) argument_error(L, index, "a list of lists of gradients");
  std::vector<std::vector<at::Tensor>> all;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, index)); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    all.push_back(check_tensors(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  return all;
}

void push_tensors(lua_State* L, std::vector<at::Tensor>&& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  for (size_t i = 0; i < list.size(); ++i) {
    push(L, std::move(list[i]));
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

/// m:combine(by_task) -> the sum of the balanced gradients, a tensor for each parameter
int combine(lua_State* L) {
  auto balanced = check_object<MetaBalance>(L, 1)->balance(by_task(L, 2));
  push_tensors(L, MetaBalance::sum(balanced));
  return 1;
}

/// m:balance(by_task) -> the balanced gradients of every task
int balance_all(lua_State* L) {
  auto balanced = check_object<MetaBalance>(L, 1)->balance(by_task(L, 2));
  lua_createtable(L, static_cast<int>(balanced.size()), 0);
  for (size_t i = 0; i < balanced.size(); ++i) {
    push_tensors(L, std::move(balanced[i]));
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

int state_dict(lua_State* L) {
  lua_newtable(L);
  push(L, check_object<MetaBalance>(L, 1)->norms());
  lua_setfield(L, -2, "norms");
  return 1;
}

int load_state_dict(lua_State* L) {
  if (!lua_istable(L, 2)) argument_error(L, 2, "a table with norms");
  lua_getfield(L, 2, "norms");
  check_object<MetaBalance>(L, 1)->set_norms(optional_tensor(L, lua_gettop(L)));
  return 0;
}

}  // namespace

int open_balance(lua_State* L) {
  const luaL_Reg methods[] = {{"combine", combine},
                              {"balance", balance_all},
                              {"state_dict", state_dict},
                              {"load_state_dict", load_state_dict},
                              {nullptr, nullptr}};
  register_type<MetaBalance>(L, methods);
  const luaL_Reg functions[] = {{"metabalance", make}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
