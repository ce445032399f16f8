// require "host.image": pictures in files, and the sets of pictures made of them.
#include "bindings/all.hpp"
#include "bindings/data.hpp"
#include "host/data/images_cifar.hpp"
#include "host/data/images_folder.hpp"
#include "host/data/mat_file.hpp"
#include "host/data/tile_sheets.hpp"
#include "host/image/image.hpp"

namespace moonlab::lua {

namespace {

image::Fit fit_of(const std::string& name) {
  const std::vector<std::string> known{"crop", "squeeze"};
  if (name == "crop") return image::Fit::kCrop;
  if (name == "squeeze") return image::Fit::kSqueeze;
  fail("unknown fit '", name, "'", did_you_mean(name, known), " (crop, squeeze)");
}

/// { height, width, fit, max_pixels }
image::Decoding decoding(const Json& o) {
  image::Decoding how;
  how.height = o.value("height", how.height);
  how.width = o.value("width", how.width);
  how.fit = fit_of(o.value("fit", std::string("crop")));
  how.max_pixels = o.value("max_pixels", how.max_pixels);
  return how;
}

/// read(file [, { height, width, fit = "crop", max_pixels }]) -> uint8 [H, W, 3]
int read(lua_State* L) {
  const std::string file = check_string(L, 1);
  push(L, image::read(file, decoding(check_options(L, 2, {"height", "width", "fit", "max_pixels"}))));
  return 1;
}

/// decode(bytes, name [, options]) -> uint8 [H, W, 3]
int decode(lua_State* L) {
  const std::string bytes = check_string(L, 1), name = check_string(L, 2);
  push(L, image::decode(bytes, name, decoding(check_options(L, 3, {"height", "width", "fit", "max_pixels"}))));
  return 1;
}

/// encode(uint8 [H, W, 3], ".png" [, quality = 90]) -> bytes
int encode(lua_State* L) {
  push(L, image::encode(check_tensor(L, 1), check_string(L, 2), optional_integer(L, 3, 90)));
  return 1;
}

/// resize(uint8 [H, W, 3], height, width) -> uint8 [height, width, 3]
int resize(lua_State* L) {
  push(L, image::resize(check_tensor(L, 1), check_integer(L, 2), check_integer(L, 3)));
  return 1;
}

/// class_name(text) -> the name as joins compare it
int class_name(lua_State* L) {
  push(L, data::class_name(check_string(L, 1)));
  return 1;
}

/// list_classes(folder [, names]) -> { { name, files = n }, ... }
int list_classes(lua_State* L) {
  const std::string folder = check_string(L, 1);
  Json rows = Json::array();
  const auto classes =
      lua_isnoneornil(L, 2) ? data::list_classes(folder) : data::list_classes(folder, check_strings(L, 2));
  for (const auto& c : classes) rows.push_back({{"name", c.name}, {"files", c.files.size()}});
  push(L, rows);
  return 1;
}

int give(lua_State* L, const Json& about, at::Tensor images, at::Tensor labels, std::vector<std::string> class_names,
         const std::string& where) {
  if (!about.contains("name")) fail("option 'name' is missing");
  push_object(L, std::make_shared<data::Dataset>(data::make_samples(
                     about.at("name"), std::move(images), std::move(labels), std::move(class_names), where,
                     about.value("mean", std::vector<float>{}), about.value("deviation", std::vector<float>{}))));
  return 1;
}

data::Memory memory_of(const std::string& name) {
  const std::vector<std::string> known{"ram", "mmap", "stream"};
  for (size_t i = 0; i < known.size(); ++i)
    if (name == known[i]) return static_cast<data::Memory>(i);
  fail("unknown memory '", name, "'", did_you_mean(name, known), " (ram, mmap, stream)");
}

/// Reads classes of pictures, with the options of read_folder.
int give_classes(lua_State* L, const std::vector<data::ClassFolder>& classes, const Json& about,
                 const std::string& where) {
  for (const char* key : {"name", "height", "width"})
    if (!about.contains(key)) fail("option '", key, "' is missing");
  data::FolderOptions options;
  options.how = decoding(about);
  options.skip_damaged = about.value("skip_damaged", false);
  options.cache = about.value("cache", std::string());
  options.memory = memory_of(about.value("memory", std::string("ram")));
  std::vector<std::string> names;
  for (const auto& c : classes) names.push_back(c.name);
  data::FolderImages read = data::read_classes(classes, options);
  if (options.memory == data::Memory::kFiles) {
    push_object(L, std::make_shared<data::Dataset>(data::make_file_samples(
                       about.at("name"), {std::move(read.files), options.how}, read.content, std::move(read.labels),
                       std::move(names), where, about.value("mean", std::vector<float>{}),
                       about.value("deviation", std::vector<float>{}))));
  } else {
    give(L, about, std::move(read.images), std::move(read.labels), std::move(names), where);
  }
  push(L, read.damaged);
  return 2;
}

const std::vector<std::string> kFolderOptions{"name", "height", "width", "fit", "max_pixels", "skip_damaged", "cache",
                                              "memory", "class_names", "mean", "deviation"};

/// read_folder(folder, { name, height, width, fit, max_pixels, skip_damaged, cache, memory = "ram", class_names, mean,
/// deviation }) -> dataset, { "FILE: reason", ... } of what was left out
int read_folder(lua_State* L) {
  const std::string folder = check_string(L, 1);
  const Json about = check_options(L, 2, kFolderOptions);
  const auto classes = about.contains("class_names")
                           ? data::list_classes(folder, about["class_names"].get<std::vector<std::string>>())
                           : data::list_classes(folder);
  return give_classes(L, classes, about, folder);
}

/// read_files({ { class, { file, ... } }, ... }, options of read_folder) -> dataset, what was left out
int read_files(lua_State* L) {
  std::vector<data::ClassFolder> classes;
  for (const Json& row : to_json(L, 1)) {
    const auto names = row.at(1).is_array() ? row.at(1).get<std::vector<std::string>>() : std::vector<std::string>{};
    classes.push_back({row.at(0).get<std::string>(), {names.begin(), names.end()}});
  }
  const Json about = check_options(L, 2, kFolderOptions);
  return give_classes(L, classes, about, about.value("name", std::string()));
}

/// read_mat_numbers(file, name) -> { n, ... }: an array of a MATLAB file
int read_mat_numbers(lua_State* L) {
  push(L, data::read_mat_numbers(check_string(L, 1), check_string(L, 2)));
  return 1;
}

/// read_cifar({ file, ... }, label bytes a record, { name, class_names, mean, deviation }) -> dataset
int read_cifar(lua_State* L) {
  const auto names = check_strings(L, 1);
  const Json about = check_options(L, 3, {"name", "class_names", "mean", "deviation"});
  if (!about.contains("class_names")) fail("option 'class_names' is missing");
  auto classes = about["class_names"].get<std::vector<std::string>>();
  auto [images, labels] = data::read_cifar({names.begin(), names.end()}, check_integer(L, 2),
                                           static_cast<int64_t>(classes.size()));
  return give(L, about, std::move(images), std::move(labels), std::move(classes), names.front());
}

/// read_tile_sheets(folder, split, { name, mean, deviation }) -> dataset
int read_tile_sheets(lua_State* L) {
  const std::string folder = check_string(L, 1);
  data::TileSheets sheets = data::read_tile_sheets(folder, check_string(L, 2));
  return give(L, check_options(L, 3, {"name", "mean", "deviation"}), std::move(sheets.images), std::move(sheets.labels),
              std::move(sheets.class_names), folder);
}

}  // namespace

int open_image(lua_State* L) {
  const luaL_Reg functions[] = {{"read", read},
                                {"decode", decode},
                                {"encode", encode},
                                {"resize", resize},
                                {"class_name", class_name},
                                {"list_classes", list_classes},
                                {"read_folder", read_folder},
                                {"read_files", read_files},
                                {"read_mat_numbers", read_mat_numbers},
                                {"read_cifar", read_cifar},
                                {"read_tile_sheets", read_tile_sheets},
                                {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
