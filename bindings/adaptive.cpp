// Labels that adapt, for Lua: require "host.adaptive" (host/label/adaptive_labels, host/label/retrospection).
//
// label_logits(z, labels) -> [B, N]                        minus the distances
// class_sums(z, y | nil, t | nil, w | nil, classes) -> sums [N, d], counts [N]
// class_means(sums, counts, old) -> [N, d]
// repel(z, y | nil, t | nil, w | nil, classes, "sum" | "mean_all" | "mean_pairs") -> []
// soft_labels(logits, tau) -> [B, C]
// retrospection_loss(logits, soft_labels, tau, tempered) -> [B]
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/label/adaptive_labels.hpp"
#include "host/label/retrospection.hpp"

namespace moonlab::lua {

namespace {

label::Membership membership(lua_State* L) {
  return {optional_tensor(L, 2), optional_tensor(L, 3), optional_tensor(L, 4), check_integer(L, 5)};
}

int label_logits(lua_State* L) {
  push(L, label::label_logits(check_tensor(L, 1), check_tensor(L, 2)));
  return 1;
}

int class_sums(lua_State* L) {
  const auto [sums, counts] = label::class_sums(check_tensor(L, 1), membership(L));
  push(L, sums);
  push(L, counts);
  return 2;
}

int class_means(lua_State* L) {
  push(L, label::class_means(check_tensor(L, 1), check_tensor(L, 2), check_tensor(L, 3)));
  return 1;
}

int repel(lua_State* L) {
  const std::string word = check_string(L, 6);
  label::Pairs reduction;
  if (word == "sum") reduction = label::Pairs::sum;
  else if (word == "mean_all") reduction = label::Pairs::mean_all;
  else if (word == "mean_pairs") reduction = label::Pairs::mean_pairs;
  else fail("repel: unknown reduction '", word, "'", did_you_mean(word, {"sum", "mean_all", "mean_pairs"}));
  push(L, label::repel(check_tensor(L, 1), membership(L), reduction));
  return 1;
}

int soft_labels(lua_State* L) {
  push(L, label::soft_labels(check_tensor(L, 1), check_number(L, 2)));
  return 1;
}

int retrospection_loss(lua_State* L) {
  push(L, label::retrospection_loss(check_tensor(L, 1), check_tensor(L, 2),
                                    {check_number(L, 3), optional_boolean(L, 4, true)}));
  return 1;
}

}  // namespace

int open_adaptive(lua_State* L) {
  const luaL_Reg functions[] = {{"label_logits", label_logits},
                                {"class_sums", class_sums},
                                {"class_means", class_means},
                                {"repel", repel},
                                {"soft_labels", soft_labels},
                                {"retrospection_loss", retrospection_loss},
                                {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
