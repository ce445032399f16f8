// Weights of tasks and MTAdam for Lua: parts of host.balance.
#include "bindings/balance_parts.hpp"

namespace moonlab::lua {

namespace {

using balance::Dwa;
using balance::GradNorm;
using balance::MtAdam;

/// normalised({ 3, 1, 1 }) -> { 0.6, 0.2, 0.2 }
int normalised(lua_State* L) {
  if (!lua_istable(L, 1)) argument_error(L, 1, "a list of numbers");
  push(L, balance::normalised(to_json(L, 1).get<std::vector<double>>()));
  return 1;
}

/// gradnorm(alpha, lr)
int make_gradnorm(lua_State* L) {
  push_object(L, std::make_shared<GradNorm>(check_number(L, 1), check_number(L, 2)));
  return 1;
}

/// gradnorm:step(norms, losses) -> weights
int gradnorm_step(lua_State* L) {
  push(L, check_object<GradNorm>(L, 1)->step(check_tensor(L, 2), check_tensor(L, 3)));
  return 1;
}

/// gradnorm:weights() and dwa:weights() -> weights, nil while all are 1
template <class T>
int weights(lua_State* L) {
  push(L, check_object<T>(L, 1)->weights());
  return 1;
}

/// dwa(temperature)
int make_dwa(lua_State* L) {
  push_object(L, std::make_shared<Dwa>(check_number(L, 1)));
  return 1;
}

int dwa_add(lua_State* L) {
  check_object<Dwa>(L, 1)->add(check_tensor(L, 2));
  return 0;
}

int dwa_epoch(lua_State* L) {
  check_object<Dwa>(L, 1)->epoch();
  return 0;
}

/// mtadam(norm_beta[, ranks])
int make_mtadam(lua_State* L) {
  std::vector<double> ranks;
  if (lua_istable(L, 2)) ranks = to_json(L, 2).get<std::vector<double>>();
  push_object(L, std::make_shared<MtAdam>(std::move(ranks), check_number(L, 1)));
  return 1;
}

/// mtadam:step(parameters, gradients, rates): a list of { lr, beta1, beta2, eps, weight_decay }, one or one for each
int mtadam_step(lua_State* L) {
  std::vector<MtAdam::Rate> rates;
  for (const auto& r : to_json(L, 4)) {
    MtAdam::Rate rate;
    rate.lr = r.value("lr", rate.lr);
    rate.beta1 = r.value("beta1", rate.beta1);
    rate.beta2 = r.value("beta2", rate.beta2);
    rate.eps = r.value("eps", rate.eps);
    rate.weight_decay = r.value("weight_decay", rate.weight_decay);
    rates.push_back(rate);
  }
  check_object<MtAdam>(L, 1)->step(check_tensors(L, 2), *check_gradients(L, 3), rates);
  return 0;
}

}  // namespace

void add_task_weights(lua_State* L) {
  const luaL_Reg gradnorm[] = {{"step", gradnorm_step},
                               {"weights", weights<GradNorm>},
                               {"state_dict", state_dict<GradNorm>},
                               {"load_state_dict", load_state_dict<GradNorm>},
                               {nullptr, nullptr}};
  register_type<GradNorm>(L, gradnorm);
  const luaL_Reg dwa[] = {{"add", dwa_add},
                          {"epoch", dwa_epoch},
                          {"weights", weights<Dwa>},
                          {"state_dict", state_dict<Dwa>},
                          {"load_state_dict", load_state_dict<Dwa>},
                          {nullptr, nullptr}};
  register_type<Dwa>(L, dwa);
  const luaL_Reg mtadam[] = {{"step", mtadam_step},
                             {"state_dict", state_dict<MtAdam>},
                             {"load_state_dict", load_state_dict<MtAdam>},
                             {nullptr, nullptr}};
  register_type<MtAdam>(L, mtadam);
  const luaL_Reg functions[] = {{"normalised", normalised},
                                {"gradnorm", make_gradnorm},
                                {"dwa", make_dwa},
                                {"mtadam", make_mtadam},
                                {nullptr, nullptr}};
  for (const luaL_Reg* f = functions; f->name; ++f) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
}

}  // namespace moonlab::lua
