// Gradients of several tasks and their balances for Lua: require "host.balance".
#include "bindings/all.hpp"
#include "bindings/balance_parts.hpp"

namespace moonlab::lua {

namespace {

using balance::Part;
using balance::Strategy;

template <class T>
T choice(const Json& o, const char* key, const std::string& fallback,
         const std::vector<std::pair<std::string, T>>& known) {
  const std::string word = o.value(key, fallback);
  std::vector<std::string> names;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    names.push_back(name);
  }
  fail("balance: unknown ", key, " '", word, "'", did_you_mean(word, names));
}

Json options(lua_State* L, int index) {
  Json o = lua_isnoneornil(L, index) ? Json::object() : to_json(L, index);
  return o.is_object() ? o : Json::object();
}

Part part(const Json& o, const std::string& fallback) {
  return choice<Part>(o, "part", fallback, {{"tensor", Part::tensor}, {"layer", Part::layer}, {"whole", Part::whole}});
}

bool mean(const Json& o) { return choice<bool>(o, "reduction", "sum", {{"sum", false}, {"mean", true}}); }

template <class T>
int made(lua_State* L, std::shared_ptr<T> object, const Json& o) {
  if (o.contains("layers")) object->set_layers(o["layers"].get<std::vector<int64_t>>());
  push_object<balance::Balance>(L, std::move(object));
  return 1;
}

/// metabalance { relax = 0.7, beta = 0.9, strategy = "C", part = "tensor", layers = { 0, 0, 1, ... } }
int make_metabalance(lua_State* L) {
  const Json o = options(L, 1);
  const auto strategy =
      choice<Strategy>(o, "strategy", "C", {{"A", Strategy::shrink}, {"B", Strategy::enlarge}, {"C", Strategy::both}});
  return made(
      L,
      std::make_shared<balance::MetaBalance>(o.value("relax", 0.7), o.value("beta", 0.9), strategy, part(o, "tensor")),
      o);
}

/// pcgrad { part = "whole", reduction = "sum", seed = 0, layers = ... }
int make_pcgrad(lua_State* L) {
  const Json o = options(L, 1);
  return made(L, std::make_shared<balance::PcGrad>(part(o, "whole"), mean(o), o.value("seed", 0.0)), o);
}

/// gradvac { beta = 0.01, part = "whole", reduction = "sum", seed = 0, update = "always", layers = ... }
int make_gradvac(lua_State* L) {
  const Json o = options(L, 1);
  const bool always = choice<bool>(o, "update", "always", {{"always", true}, {"applied", false}});
  return made(L,
              std::make_shared<balance::GradVac>(part(o, "whole"), mean(o), o.value("seed", 0.0), o.value("beta", 0.01),
                                                 always),
              o);
}

/// balance:combine(gradients[, gram]) -> the balanced gradients added up, one for each parameter
int combine(lua_State* L) {
  auto object = check_object<balance::Balance>(L, 1);
  auto gradients = check_gradients(L, 2);
  at::Tensor gram = optional_tensor(L, 3);
  push_gradients(L, gram.defined() ? object->combine(*gradients, gram) : object->combine(*gradients));
  return 1;
}

/// balance:balance(gradients) -> the balanced gradients of every task
int balance_all(lua_State* L) {
  push_lists(L, check_object<balance::Balance>(L, 1)->balance(*check_gradients(L, 2)));
  return 1;
}

/// balance:weigh(gram) -> [parameters, tasks, tasks]
int weigh(lua_State* L) {
  push(L, check_object<balance::Balance>(L, 1)->weigh(check_tensor(L, 2)));
  return 1;
}

/// balance:set_orders({ { 1, 2 }, { 0, 2 }, ... }): whom every task meets, from 0; {} brings the random orders back
int set_orders(lua_State* L) {
  auto surgery = std::dynamic_pointer_cast<balance::Surgery>(check_object<balance::Balance>(L, 1));
  if (!surgery) fail("set_orders: only pcgrad and gradvac meet the tasks in an order");
  surgery->set_orders(to_json(L, 2).get<balance::Orders>());
  return 0;
}

// ---- gradients ----------------------------------------------------------------------------------------------------

/// through(features, { gradient of every task at the features }, parameters[, keep_graph]) -> gradients
int through(lua_State* L) {
  push_object(L, std::make_shared<TaskGradients>(TaskGradients::through(
                     check_tensor(L, 1), check_tensors(L, 2), check_tensors(L, 3), optional_boolean(L, 4, false))));
  return 1;
}

/// gather(by_task): lists of tensors, false where a task does not reach a parameter -> gradients
int gather(lua_State* L) {
  push_object(L, check_gradients(L, 1));
  return 1;
}

/// gradients:gram([between = true]): without `between`, zeros in place of products of different tasks
int gram(lua_State* L) {
  auto gradients = check_object<TaskGradients>(L, 1);
  push(L, optional_boolean(L, 2, true) ? gradients->gram() : gradients->norms());
  return 1;
}

/// gradients:combine(weights [parameters, tasks]) -> a tensor for each parameter
int combine_by(lua_State* L) {
  push_gradients(L, check_object<TaskGradients>(L, 1)->combine(check_tensor(L, 2)));
  return 1;
}

int lists(lua_State* L) {
  push_lists(L, check_object<TaskGradients>(L, 1)->lists());
  return 1;
}

int add(lua_State* L) {
  check_object<TaskGradients>(L, 1)->add(*check_object<TaskGradients>(L, 2));
  return 0;
}

int append(lua_State* L) {
  check_object<TaskGradients>(L, 1)->append(*check_gradients(L, 2));
  return 0;
}

int scale(lua_State* L) {
  check_object<TaskGradients>(L, 1)->scale(check_tensor(L, 2));
  return 0;
}

}  // namespace

std::shared_ptr<TaskGradients> check_gradients(lua_State* L, int index) {
  if (auto object = test_object<TaskGradients>(L, index)) return object;
  if (!lua_istable(L, index)) argument_error(L, index, "gradients, or a list of lists of tensors");
  std::vector<balance::Tensors> all;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, index)); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    const int list = lua_gettop(L);
    if (!lua_istable(L, list)) argument_error(L, index, "a list of lists of tensors");
    balance::Tensors task;
    for (int k = 1, m = static_cast<int>(lua_objlen(L, list)); k <= m; ++k) {
      lua_rawgeti(L, list, k);
      const at::Tensor* tensor = test_tensor(L, -1);
      if (!tensor && (!lua_isboolean(L, -1) || lua_toboolean(L, -1)))
        argument_error(L, index, "lists of tensors, or false for a parameter that a task does not reach");
      task.push_back(tensor ? *tensor : at::Tensor());
      lua_pop(L, 1);
    }
    all.push_back(std::move(task));
    lua_pop(L, 1);
  }
  return std::make_shared<TaskGradients>(std::move(all));
}

void push_gradients(lua_State* L, balance::Tensors&& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].defined()) push(L, std::move(list[i]));
    else lua_pushboolean(L, 0);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

void push_lists(lua_State* L, std::vector<balance::Tensors>&& lists) {
  lua_createtable(L, static_cast<int>(lists.size()), 0);
  for (size_t i = 0; i < lists.size(); ++i) {
    push_gradients(L, std::move(lists[i]));
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

int open_balance(lua_State* L) {
  const luaL_Reg gradients[] = {{"gram", gram},     {"combine", combine_by}, {"lists", lists},  {"add", add},
                                {"append", append}, {"scale", scale},        {nullptr, nullptr}};
  register_type<TaskGradients>(L, gradients);
  const luaL_Reg methods[] = {{"combine", combine},
                              {"balance", balance_all},
                              {"weigh", weigh},
                              {"set_orders", set_orders},
                              {"state_dict", state_dict<balance::Balance>},
                              {"load_state_dict", load_state_dict<balance::Balance>},
                              {nullptr, nullptr}};
  register_type<balance::Balance>(L, methods);
  const luaL_Reg functions[] = {{"metabalance", make_metabalance},
                                {"pcgrad", make_pcgrad},
                                {"gradvac", make_gradvac},
                                {"through", through},
                                {"gather", gather},
                                {nullptr, nullptr}};
  push_library(L, functions);
  add_task_weights(L);
  return 1;
}

}  // namespace moonlab::lua
