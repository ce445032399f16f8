#include "host/run/picture_input.hpp"

#include <ATen/core/Tensor.h>

#include <unordered_map>

#include "host/error.hpp"
#include "host/run/input_table.hpp"

namespace moonlab::run {

using Json = nlohmann::ordered_json;

GraphPicture graph_picture(const Json& data) {
  const InputTable top(data, "graph picture", {"title", "nodes", "edges", "paths"});
  GraphPicture picture;
  picture.title = top.text("title");
  std::unordered_map<std::string, int64_t> number;
  std::vector<std::string> names;
  for (const auto& entry : top.list("nodes")) {
    const InputTable node(entry, numbered("graph picture: node", names.size() + 1), {"name", "groups", "block"});
    picture.nodes.push_back({node.text("name"), node.texts("groups"), node.text("block")});
    names.push_back(picture.nodes.back().name);
    if (!number.emplace(names.back(), static_cast<int64_t>(names.size()) - 1).second)
      fail(node.where(), ": the name '", names.back(), "' is taken");
  }
  auto find = [&](const Json& name, const std::string& where) {
    if (!name.is_string()) fail(where, ": nodes are given by name");
    auto found = number.find(name);
    if (found == number.end())
      fail(where, ": no node '", name.get<std::string>(), "'", did_you_mean(name.get<std::string>(), names));
    return found->second;
  };
  for (const auto& edge : top.list("edges")) {
    const std::string where = numbered("graph picture: edge", picture.edges.size() + 1);
    if (!edge.is_array() || edge.size() != 2) fail(where, ": expected { from, to }");
    picture.edges.push_back({find(edge[0], where), find(edge[1], where)});
  }
  for (const auto& entry : top.list("paths")) {
    const InputTable path(entry, numbered("graph picture: path", picture.paths.size() + 1),
                     {"nodes", "count", "deterministic"});
    GraphPicture::Path p;
    for (const auto& node : path.list("nodes")) p.nodes.push_back(find(node, path.where()));
    if (const Json* count = path.find("count")) {
      if (!count->is_number_integer() || *count < 1) fail(path.where(), ": 'count' must be a positive integer");
      p.count = count->get<int64_t>();
    }
    if (const Json* deterministic = path.find("deterministic")) {
      if (!deterministic->is_boolean()) fail(path.where(), ": 'deterministic' must be true or false");
      p.deterministic = deterministic->get<bool>();
    }
    picture.paths.push_back(std::move(p));
  }
  return picture;
}

ContactSheet contact_sheet(const Json& data, const at::Tensor& images) {
  const InputTable top(data, "contact sheet", {"title", "subtitle", "columns", "groups", "tiles"});
  ContactSheet sheet;
  sheet.title = top.text("title");
  sheet.subtitle = top.text("subtitle");
  if (const Json* columns = top.find("columns")) {
    if (!columns->is_number_integer() || *columns < 1) fail("contact sheet: 'columns' must be a positive integer");
    sheet.columns = columns->get<int64_t>();
  }
  for (const auto& entry : top.list("groups")) {
    const InputTable group(entry, numbered("contact sheet: group", sheet.groups.size() + 1), {"name", "colour"});
    sheet.groups.push_back({group.text("name"), group.text("colour")});
  }
  const auto& tiles = top.list("tiles");
  if (images.dim() != 4 || images.size(0) != static_cast<int64_t>(tiles.size()))
    fail("contact sheet: ", tiles.size(), " tiles, images ", images.sizes());
  for (const auto& entry : tiles) {
    const InputTable tile(entry, numbered("contact sheet: tile", sheet.tiles.size() + 1), {"caption", "group"});
    const auto place = static_cast<int64_t>(sheet.tiles.size());
    sheet.tiles.push_back({images.select(0, place), tile.text("caption"), tile.text("group")});
  }
  return sheet;
}

}  // namespace moonlab::run
