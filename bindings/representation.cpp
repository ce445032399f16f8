// Representations of labels for Lua: require "host.representation".
//
// embedding_loss { weights = five numbers, tau, alpha, p, two_sided, hinge = "sum" | "mean", mask = "second" | "first"
// |
//     "none", reduction = "counted" | "batch" } -> a loss with
//   terms(outputs, table, row, y, w | nil) -> [5]      the weighted terms of label embeddings
// (host/label/label_embedding)
//   expected(outputs, table, t, w | nil) -> [5]        the same for soft labels
// random_codes(n, bits, seed, min_distance), hadamard_codes(n, bits) -> byte [n, bits]
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/label/binary_codes.hpp"
#include "host/label/label_embedding.hpp"

namespace moonlab::lua {

using label::EmbeddingLoss;

template <>
struct TypeName<EmbeddingLoss> {
  static constexpr const char* value = "loss of label embeddings";
};

namespace {

template <class T>
T choice(const Json& o, const char* option, T fallback, const std::vector<std::pair<std::string, T>>& known) {
  if (!o.contains(option)) return fallback;
  const auto word = o[option].get<std::string>();
  std::vector<std::string> names;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    names.push_back(name);
  }
  fail("label embedding: unknown ", option, " '", word, "'", did_you_mean(word, names));
}

int make(lua_State* L) {
  Json o = to_json(L, 1);
  if (!o.is_object()) o = Json::object();  // {}: an empty list
  auto loss = std::make_shared<EmbeddingLoss>();
  if (o.contains("weights")) loss->weights = o["weights"].get<std::array<double, 5>>();
  loss->tau = o.value("tau", loss->tau);
  loss->alpha = o.value("alpha", loss->alpha);
  loss->power = o.value("p", loss->power);
  loss->two_sided = o.value("two_sided", loss->two_sided);
  loss->hinge = choice(o, "hinge", loss->hinge, {{"sum", label::Reduce::sum}, {"mean", label::Reduce::mean}});
  loss->teaches =
      choice(o, "mask", loss->teaches,
             {{"second", label::Teaches::second}, {"first", label::Teaches::first}, {"none", label::Teaches::all}});
  loss->counted = choice(o, "reduction", loss->counted, {{"counted", true}, {"batch", false}});
  push_object(L, std::move(loss));
  return 1;
}

int terms(lua_State* L) {
  push(L, label::embedding_terms(check_tensor(L, 2), check_tensor(L, 3), check_tensor(L, 4), check_tensor(L, 5),
                                 optional_tensor(L, 6), *check_object<EmbeddingLoss>(L, 1)));
  return 1;
}

int expected(lua_State* L) {
  push(L, label::expected_embedding_terms(check_tensor(L, 2), check_tensor(L, 3), check_tensor(L, 4),
                                          optional_tensor(L, 5), *check_object<EmbeddingLoss>(L, 1)));
  return 1;
}

int random_codes(lua_State* L) {
  push(L, label::random_codes(check_integer(L, 1), check_integer(L, 2), check_integer(L, 3), optional_number(L, 4, 0)));
  return 1;
}

int hadamard_codes(lua_State* L) {
  push(L, label::hadamard_codes(check_integer(L, 1), check_integer(L, 2)));
  return 1;
}

}  // namespace

int open_representation(lua_State* L) {
  const luaL_Reg methods[] = {{"terms", terms}, {"expected", expected}, {nullptr, nullptr}};
  register_type<EmbeddingLoss>(L, methods);
  const luaL_Reg functions[] = {
      {"embedding_loss", make}, {"random_codes", random_codes}, {"hadamard_codes", hadamard_codes}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
