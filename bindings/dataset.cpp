// Datasets and partitions for Lua, and how several bind to the nodes of a graph.
#include "bindings/data.hpp"
#include "host/data/join.hpp"
#include "host/data/loader.hpp"
#include "host/data/split.hpp"

namespace moonlab::lua {

using data::Dataset;
using data::Partition;

template <>
struct TypeName<Partition> {
  static constexpr const char* value = "partition";
};

int give(lua_State* L, Dataset dataset) {
  push_object(L, std::make_shared<Dataset>(std::move(dataset)));
  return 1;
}

namespace {

const Dataset& self(lua_State* L) { return *check_object<Dataset>(L, 1); }

int size(lua_State* L) {
  lua_pushinteger(L, self(L).size());
  return 1;
}
int name(lua_State* L) {
  push(L, self(L).name());
  return 1;
}
int class_names(lua_State* L) {
  push(L, self(L).class_names());
  return 1;
}
int describe(lua_State* L) {
  push(L, self(L).describe());
  return 1;
}
int labels(lua_State* L) {
  push(L, self(L).labels().clone());
  return 1;
}
int rows(lua_State* L) {
  push(L, self(L).rows().clone());
  return 1;
}
int counts(lua_State* L) {
  push(L, self(L).counts());
  return 1;
}
int fingerprint(lua_State* L) {
  push(L, self(L).fingerprint());
  return 1;
}
/// [C, H, W] of images, {} of texts
int shape(lua_State* L) {
  push(L, self(L).samples().shape());
  return 1;
}
int is_text(lua_State* L) {
  lua_pushboolean(L, self(L).samples().is_text());
  return 1;
}
/// text(index) -> the text of a sample
int one_text(lua_State* L) {
  const int64_t index = check_integer(L, 2);
  push(L, self(L).subset(std::vector<int64_t>{index}).texts()[0]);
  return 1;
}
/// Whether samples may have several labels.
int several(lua_State* L) {
  lua_pushboolean(L, self(L).several());
  return 1;
}

/// A long tensor or a list of indices as a view.
Dataset view(lua_State* L, int index) {
  if (const at::Tensor* t = test_tensor(L, index)) return self(L).subset(*t);
  return self(L).subset(check_integers(L, index));
}

/// images([index]) -> uint8 [n, C, H, W]; load([index [, normalise = true]]) -> float32, as a loader gives them.
int images(lua_State* L) {
  push(L, (lua_isnoneornil(L, 2) ? self(L) : view(L, 2)).images());
  return 1;
}
int load(lua_State* L) {
  const bool normalise = optional_boolean(L, 3, true);
  push(L, data::load_images(lua_isnoneornil(L, 2) ? self(L) : view(L, 2), normalise));
  return 1;
}
int subset(lua_State* L) { return give(L, view(L, 2)); }
int only(lua_State* L) { return give(L, self(L).only(check_strings(L, 2))); }
int renamed(lua_State* L) { return give(L, self(L).renamed(check_string(L, 2))); }

/// relabel({ { "new", { "old", ... } }, ... })
int relabel(lua_State* L) {
  const Json groups = to_json(L, 2);
  if (!groups.is_array()) argument_error(L, 2, "a list of { label, classes }");
  return give(L, self(L).relabel(groups.get<data::ClassGroups>()));
}

/// shared(other) -> list of the indices of the samples that the other dataset holds too
int shared(lua_State* L) {
  push(L, data::shared(self(L), *check_object<Dataset>(L, 2)));
  return 1;
}
/// overlap(other) -> how many those are
int overlap(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(data::shared(self(L), *check_object<Dataset>(L, 2)).size()));
  return 1;
}
/// without(other, ...) -> the dataset without the samples that one of the others holds too
int without(lua_State* L) {
  std::vector<Dataset> others;
  for (int i = 2; i <= lua_gettop(L); ++i) others.push_back(*check_object<Dataset>(L, i));
  return give(L, data::without(self(L), others));
}

/// partition([seed = 0 [, stratified = true]]) -> partition
int partition(lua_State* L) {
  const auto seed = static_cast<uint64_t>(optional_integer(L, 2, 0));
  push_object(L, std::make_shared<Partition>(self(L), seed, optional_boolean(L, 3, true)));
  return 1;
}

// ---- partition ----------------------------------------------------------------------------------------------------

data::Amount check_amount(lua_State* L, int index) {
  const Json o = check_options(L, index, {"per_class", "total", "fraction"});
  data::Amount amount;
  if (o.contains("per_class")) amount.per_class = o["per_class"].get<int64_t>();
  if (o.contains("total")) amount.total = o["total"].get<int64_t>();
  if (o.contains("fraction")) amount.fraction = o["fraction"].get<double>();
  return amount;
}

/// take_front(amount, purpose), take_back(amount, purpose) -> dataset; amount = { per_class = n }, { total = n },
/// { fraction = x } or {}: all that is left.
int take_front(lua_State* L) {
  return give(L, check_object<Partition>(L, 1)->take_front(check_amount(L, 2), check_string(L, 3)));
}
int take_back(lua_State* L) {
  return give(L, check_object<Partition>(L, 1)->take_back(check_amount(L, 2), check_string(L, 3)));
}

}  // namespace

/// bind_classes(dataset, node_names) -> the node of each class, from 0
int bind_classes(lua_State* L) {
  push(L, data::bind_classes(self(L), check_strings(L, 2)));
  return 1;
}

/// count_labels({ { dataset, targets }, ... }, node_names) -> { { name, node, samples = { of each dataset } }, ... }
int count_labels(lua_State* L) {
  std::vector<Dataset> datasets;
  std::vector<std::vector<int64_t>> targets;
  if (!lua_istable(L, 1)) argument_error(L, 1, "a list of { dataset, targets }");
  for (int i = 1; lua_rawgeti(L, 1, i), !lua_isnil(L, -1); ++i) {
    if (!lua_istable(L, -1)) argument_error(L, 1, "a list of { dataset, targets }");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    const int top = lua_gettop(L);
    datasets.push_back(*check_object<Dataset>(L, top - 1));
    targets.push_back(check_integers(L, top));
    lua_settop(L, top - 3);
  }
  Json rows = Json::array();
  for (const auto& label : data::count_labels(datasets, targets, check_strings(L, 2)))
    rows.push_back({{"name", label.name}, {"node", label.node}, {"samples", label.samples}});
  push(L, rows);
  return 1;
}

void register_dataset(lua_State* L) {
  const luaL_Reg dataset[] = {
      {"size", size},       {"name", name},       {"class_names", class_names}, {"labels", labels},
      {"rows", rows},       {"counts", counts},   {"fingerprint", fingerprint}, {"shape", shape},
      {"images", images},   {"load", load},       {"subset", subset},           {"only", only},
      {"is_text", is_text}, {"text", one_text},   {"several", several},         {"renamed", renamed},
      {"relabel", relabel}, {"overlap", overlap}, {"partition", partition},     {"shared", shared},
      {"without", without}, {nullptr, nullptr}};
  const luaL_Reg length[] = {{"__len", size}, {"__tostring", describe}, {nullptr, nullptr}};
  register_type<Dataset>(L, dataset, length);
  const luaL_Reg parts[] = {{"take_front", take_front}, {"take_back", take_back}, {nullptr, nullptr}};
  register_type<Partition>(L, parts);
}

}  // namespace moonlab::lua
