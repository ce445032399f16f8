// require "host.data": datasets, splits, loaders, joins. Indices count from 0, as in tensors.
#include "bindings/data.hpp"

#include <algorithm>

#include "bindings/all.hpp"
#include "bindings/text.hpp"
#include "bindings/transform.hpp"
#include "host/data/images_csv.hpp"
#include "host/data/images_idx.hpp"
#include "host/data/join.hpp"
#include "host/data/loader.hpp"
#include "host/data/split.hpp"
#include "host/data/texts_file.hpp"
#include "host/device.hpp"

namespace moonlab::lua {

using data::Dataset;
using data::Loader;
using data::Partition;

template <>
struct TypeName<Partition> {
  static constexpr const char* value = "partition";
};
template <>
struct TypeName<Loader> {
  static constexpr const char* value = "loader";
};

namespace {

int give(lua_State* L, Dataset dataset) {
  push_object(L, std::make_shared<Dataset>(std::move(dataset)));
  return 1;
}

const Dataset& self(lua_State* L) { return *check_object<Dataset>(L, 1); }

}  // namespace

Json check_options(lua_State* L, int index, const std::vector<std::string>& keys) {
  if (lua_isnoneornil(L, index)) return Json::object();
  Json options = to_json(L, index);
  if (options.is_array() && options.empty()) return Json::object();
  if (!options.is_object()) argument_error(L, index, "a table of options");
  for (const auto& [key, value] : options.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      fail("unknown option '", key, "'", did_you_mean(key, keys));
  return options;
}

namespace {

/// read_csv_images(file, height, width, about), read_idx(images, labels, about) and from_tensors(images, labels, about)
/// -> dataset; about = { name, class_names, mean = {..}, deviation = {..} }.
Dataset described(lua_State* L, int index, at::Tensor images, at::Tensor labels, const std::string& where) {
  const Json about = check_options(L, index, {"name", "class_names", "mean", "deviation"});
  for (const char* key : {"name", "class_names"})
    if (!about.contains(key)) fail("option '", key, "' is missing");
  return Dataset(data::make_samples(about.at("name"), std::move(images), std::move(labels), about.at("class_names"),
                                    where, about.value("mean", std::vector<float>{}),
                                    about.value("deviation", std::vector<float>{})));
}

int read_csv_images(lua_State* L) {
  const std::string file = check_string(L, 1);
  const auto classes = check_options(L, 4, {"name", "class_names", "mean", "deviation"})["class_names"].size();
  auto [images, labels] =
      data::read_csv_images(file, check_integer(L, 2), check_integer(L, 3), static_cast<int64_t>(classes));
  return give(L, described(L, 4, std::move(images), std::move(labels), file));
}

int read_idx(lua_State* L) {
  at::Tensor images = data::read_idx_images(check_string(L, 1));
  const std::string file = check_string(L, 2);
  return give(L, described(L, 3, std::move(images), data::read_idx_labels(file), file));
}

int from_tensors(lua_State* L) {
  return give(L, described(L, 3, check_tensor(L, 1).cpu().clone(), check_tensor(L, 2).cpu().clone(), "from_tensors"));
}

/// Names of an option that is one text or a list of them.
std::vector<std::string> names_in(const Json& o, const char* key) {
  if (!o.contains(key)) fail("option '", key, "' is missing");
  if (o[key].is_array()) return o[key].get<std::vector<std::string>>();
  return {o[key].get<std::string>()};
}

/// read_text_table(file, { name, text = column or columns, label = column, separator, format, header, class_names })
/// -> dataset. Columns are names, or numbers from 1 as texts.
int read_text_table(lua_State* L) {
  const Json o = check_options(L, 2, {"name", "text", "label", "separator", "format", "header", "class_names"});
  data::TableOptions options;
  options.text = names_in(o, "text");
  options.label = names_in(o, "label").at(0);
  options.separator = o.value("separator", std::string());
  options.format = o.value("format", std::string());
  options.header = o.value("header", true);
  return give(L, data::text_dataset(names_in(o, "name").at(0), data::read_text_table(check_string(L, 1), options),
                                    o.value("class_names", std::vector<std::string>{})));
}

/// read_trec(file, fine, name, class_names) -> dataset
int read_trec(lua_State* L) {
  return give(L, data::text_dataset(check_string(L, 3), data::read_trec(check_string(L, 1), check_boolean(L, 2)),
                                    check_strings(L, 4)));
}

/// read_text_splits(file, { split, ... }, name, class_names) -> a dataset for each split
int read_text_splits(lua_State* L) {
  auto splits = data::read_text_splits(check_string(L, 1));
  const auto names = check_strings(L, 2);
  for (const auto& name : names) {
    auto found = splits.find(name);
    if (found == splits.end()) fail(check_string(L, 1), ": no split '", name, "'");
    give(L, data::text_dataset(check_string(L, 3), std::move(found->second), check_strings(L, 4)));
  }
  return static_cast<int>(names.size());
}

/// from_texts({ text, ... }, labels, about) -> dataset; labels long [N], or [N, K] filled up with -1
int from_texts(lua_State* L) {
  const Json about = check_options(L, 3, {"name", "class_names"});
  return give(L, Dataset(data::make_text_samples(names_in(about, "name").at(0), text::Texts(check_strings(L, 1)),
                                                 check_tensor(L, 2).cpu().clone(), names_in(about, "class_names"),
                                                 "from_texts")));
}

// ---- dataset ------------------------------------------------------------------------------------------------------

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
  const data::Samples& samples = self(L).samples();
  push(L, samples.is_text() ? std::vector<int64_t>{} : samples.images.sizes().slice(1).vec());
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

int overlap(lua_State* L) {
  lua_pushinteger(L, data::overlap(self(L), *check_object<Dataset>(L, 2)));
  return 1;
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

// ---- loader -------------------------------------------------------------------------------------------------------

/// Puts a copy of a table in its place.
void copy_table(lua_State* L, int index) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, index);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_replace(L, index);
}

/// loader({ { dataset [, targets [, normalise = true [, features]]] }, ... }, { batch, shuffle, drop_last, mix, seed,
/// device, transform, with, workers, tokenizer, max_length, classes }) -> loader. Texts need the tokenizer; `classes`
/// is the width of t where samples have several labels; `features` float [n, F] are given in place of the samples.
/// transform: bindings/transform.hpp; it runs on `workers` threads.
int new_loader(lua_State* L) {
  std::vector<data::Source> sources;
  if (!lua_istable(L, 1)) argument_error(L, 1, "a list of { dataset, targets }");
  for (int i = 1; lua_rawgeti(L, 1, i), !lua_isnil(L, -1); ++i) {
    if (!lua_istable(L, -1)) argument_error(L, 1, "a list of { dataset, targets }");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 3);
    lua_rawgeti(L, -4, 4);
    const int top = lua_gettop(L);
    auto targets = lua_isnil(L, top - 2) ? std::vector<int64_t>{} : check_integers(L, top - 2);
    at::Tensor features = optional_tensor(L, top);
    if (features.defined()) features = features.cpu();
    sources.push_back(
        {*check_object<Dataset>(L, top - 3), std::move(targets), optional_boolean(L, top - 1, true), features});
    lua_settop(L, top - 5);
  }
  data::TextInput input;
  if (lua_istable(L, 2)) {
    copy_table(L, 2);  // functions and objects are no JSON, and the caller's table stays what it is
    lua_getfield(L, 2, "tokenizer");
    if (!lua_isnil(L, -1)) input.tokenizer = check_object<text::Tokenizer>(L, lua_gettop(L));
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, 2, "tokenizer");
  }
  const data::TransformMaker transform = take_transform(L, 2);
  const Json o = check_options(L, 2,
                               {"batch", "shuffle", "drop_last", "mix", "seed", "device", "transform", "with",
                                "workers", "max_length", "classes"});
  data::SamplerOptions options;
  options.batch = o.value("batch", options.batch);
  options.shuffle = o.value("shuffle", options.shuffle);
  options.drop_last = o.value("drop_last", options.drop_last);
  options.mix = data::parse_mix(o.value("mix", std::string("proportional")));
  options.seed = o.value("seed", options.seed);
  input.max_length = o.value("max_length", input.max_length);
  auto loader =
      std::make_shared<Loader>(std::move(sources), options, open_device(o.value("device", std::string("cpu"))), input,
                               o.value("classes", int64_t{0}));
  if (transform) loader->set_transform(transform, o.value("workers", int64_t{2}));
  else if (o.contains("workers")) fail("option 'workers' belongs to 'transform', which is missing");
  push_object(L, std::move(loader));
  return 1;
}

/// next() -> { x, y, idx, domain, targets [, mask] [, t] } or nil after the last batch of the epoch
int next(lua_State* L) {
  auto batch = check_object<Loader>(L, 1)->next();
  if (!batch) {
    lua_pushnil(L);
    return 1;
  }
  lua_createtable(L, 0, 4);
  push(L, std::move(batch->x));
  lua_setfield(L, -2, "x");
  push(L, std::move(batch->y));
  lua_setfield(L, -2, "y");
  push(L, std::move(batch->idx));
  lua_setfield(L, -2, "idx");
  push(L, std::move(batch->domain));
  lua_setfield(L, -2, "domain");
  push(L, std::move(batch->targets));
  lua_setfield(L, -2, "targets");
  push(L, std::move(batch->mask));  // nil where there is none
  lua_setfield(L, -2, "mask");
  push(L, std::move(batch->t));
  lua_setfield(L, -2, "t");
  return 1;
}

int begin(lua_State* L) {
  check_object<Loader>(L, 1)->begin(check_integer(L, 2), optional_integer(L, 3, 0));
  return 0;
}

/// for batch in loader:each(epoch [, batch]) do ... end: epochs and batches count from 0
int each(lua_State* L) {
  begin(L);
  lua_pushcfunction(L, next);
  lua_pushvalue(L, 1);
  return 2;
}

int epoch(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->epoch());
  return 1;
}
int batch(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->batch());
  return 1;
}
int batches(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->batches());
  return 1;
}
int loader_size(lua_State* L) {
  lua_pushinteger(L, check_object<Loader>(L, 1)->size());
  return 1;
}

// ---- join ---------------------------------------------------------------------------------------------------------

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

}  // namespace

int open_data(lua_State* L) {
  const luaL_Reg dataset[] = {
      {"size", size},       {"name", name},       {"class_names", class_names}, {"labels", labels},
      {"rows", rows},       {"counts", counts},   {"fingerprint", fingerprint}, {"shape", shape},
      {"images", images},   {"load", load},       {"subset", subset},           {"only", only},
      {"is_text", is_text}, {"text", one_text},   {"several", several},         {"renamed", renamed},
      {"relabel", relabel}, {"overlap", overlap}, {"partition", partition},     {nullptr, nullptr}};
  const luaL_Reg length[] = {{"__len", size}, {"__tostring", describe}, {nullptr, nullptr}};
  register_type<Dataset>(L, dataset, length);
  const luaL_Reg parts[] = {{"take_front", take_front}, {"take_back", take_back}, {nullptr, nullptr}};
  register_type<Partition>(L, parts);
  const luaL_Reg loader[] = {{"begin", begin}, {"next", next},       {"each", each},        {"epoch", epoch},
                             {"batch", batch}, {"batches", batches}, {"size", loader_size}, {nullptr, nullptr}};
  register_type<Loader>(L, loader);
  const luaL_Reg functions[] = {
      {"read_csv_images", read_csv_images}, {"read_idx", read_idx},   {"from_tensors", from_tensors},
      {"read_text_table", read_text_table}, {"read_trec", read_trec}, {"read_text_splits", read_text_splits},
      {"from_texts", from_texts},           {"loader", new_loader},   {"bind_classes", bind_classes},
      {"count_labels", count_labels},       {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
