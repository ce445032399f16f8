// require "host.data": what reads datasets; dataset.cpp and loader.cpp hold the types. Indices count from 0, as in tensors.
#include "bindings/data.hpp"

#include <algorithm>

#include "bindings/all.hpp"
#include "host/data/images_csv.hpp"
#include "host/data/images_idx.hpp"
#include "host/data/texts_file.hpp"
#include "host/data/vectors_text.hpp"

namespace moonlab::lua {

using data::Dataset;

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

/// read_vectors(file) -> float [N, F]
int read_vectors(lua_State* L) {
  push(L, data::read_vectors(check_string(L, 1)));
  return 1;
}

/// from_vectors(float [N, F], labels, { name, class_names }) -> dataset; labels long [N], or [N, K] filled up with -1
int from_vectors(lua_State* L) {
  const Json about = check_options(L, 3, {"name", "class_names"});
  for (const char* key : {"name", "class_names"})
    if (!about.contains(key)) fail("option '", key, "' is missing");
  return give(L, Dataset(data::make_vector_samples(about.at("name"), check_tensor(L, 1).cpu().clone(),
                                                   check_tensor(L, 2).cpu().clone(), about.at("class_names"),
                                                   "from_vectors")));
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

}  // namespace

int open_data(lua_State* L) {
  register_dataset(L);
  register_loader(L);
  const luaL_Reg functions[] = {
      {"read_csv_images", read_csv_images}, {"read_idx", read_idx},   {"from_tensors", from_tensors},
      {"read_text_table", read_text_table}, {"read_trec", read_trec}, {"read_text_splits", read_text_splits},
      {"read_vectors", read_vectors},       {"from_vectors", from_vectors},
      {"from_texts", from_texts},           {"loader", new_loader},   {"bind_classes", bind_classes},
      {"count_labels", count_labels},       {"epoch_shares", epoch_shares}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
