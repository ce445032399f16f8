#include "host/run/picture_input.hpp"

#include <ATen/core/Tensor.h>

#include <cmath>
#include <unordered_map>

#include "host/error.hpp"

namespace moonlab::run {

namespace {

using Json = nlohmann::ordered_json;

// A table with known keys, for messages that say where.
class Table {
 public:
  Table(const Json& data, std::string where, const std::vector<std::string>& keys)
      : data_(data), where_(std::move(where)) {
    if (!data.is_object()) fail(where_, ": expected a table with keys");
    for (const auto& [key, value] : data.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(where_, ": unknown key '", key, "'", did_you_mean(key, keys));
  }
  std::string text(const char* key) const {
    const Json* v = find(key);
    if (v && !v->is_string()) fail(where_, ": '", key, "' must be a string");
    return v ? v->get<std::string>() : "";
  }
  // a list: an empty Lua table may arrive as an empty object
  const Json& list(const char* key) const {
    static const Json none = Json::array();
    const Json* v = find(key);
    if (!v || (v->is_object() && v->empty())) return none;
    if (!v->is_array()) fail(where_, ": '", key, "' must be a list");
    return *v;
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    for (const auto& v : list(key)) {
      if (!v.is_string()) fail(where_, ": '", key, "' must be a list of strings");
      out.push_back(v);
    }
    return out;
  }
  std::vector<double> numbers(const char* key) const {
    std::vector<double> out;
    for (const auto& v : list(key)) {
      if (!v.is_number() && !v.is_null()) fail(where_, ": '", key, "' must be a list of numbers");
      out.push_back(v.is_null() ? NAN : v.get<double>());
    }
    return out;
  }
  const Json* find(const char* key) const {
    auto found = data_.find(key);
    return found == data_.end() || found->is_null() ? nullptr : &*found;
  }
  const std::string& where() const { return where_; }

 private:
  const Json& data_;
  std::string where_;
};

std::string numbered(const char* what, size_t number) { return std::string(what) + " " + std::to_string(number); }

}  // namespace

GraphPicture graph_picture(const Json& data) {
  const Table top(data, "graph picture", {"title", "nodes", "edges", "paths"});
  GraphPicture picture;
  picture.title = top.text("title");
  std::unordered_map<std::string, int64_t> number;
  std::vector<std::string> names;
  for (const auto& entry : top.list("nodes")) {
    const Table node(entry, numbered("graph picture: node", names.size() + 1), {"name", "groups", "block"});
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
    const Table path(entry, numbered("graph picture: path", picture.paths.size() + 1),
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
  const Table top(data, "contact sheet", {"title", "subtitle", "columns", "groups", "tiles"});
  ContactSheet sheet;
  sheet.title = top.text("title");
  sheet.subtitle = top.text("subtitle");
  if (const Json* columns = top.find("columns")) {
    if (!columns->is_number_integer() || *columns < 1) fail("contact sheet: 'columns' must be a positive integer");
    sheet.columns = columns->get<int64_t>();
  }
  for (const auto& entry : top.list("groups")) {
    const Table group(entry, numbered("contact sheet: group", sheet.groups.size() + 1), {"name", "colour"});
    sheet.groups.push_back({group.text("name"), group.text("colour")});
  }
  const auto& tiles = top.list("tiles");
  if (images.dim() != 4 || images.size(0) != static_cast<int64_t>(tiles.size()))
    fail("contact sheet: ", tiles.size(), " tiles, images ", images.sizes());
  for (const auto& entry : tiles) {
    const Table tile(entry, numbered("contact sheet: tile", sheet.tiles.size() + 1), {"caption", "group"});
    const auto place = static_cast<int64_t>(sheet.tiles.size());
    sheet.tiles.push_back({images.select(0, place), tile.text("caption"), tile.text("group")});
  }
  return sheet;
}

LinePlot line_plot(const Json& data) {
  const Table top(data, "line plot", {"title", "x", "y", "series"});
  LinePlot plot{top.text("title"), top.text("x"), top.text("y"), {}};
  for (const auto& entry : top.list("series")) {
    const Table s(entry, numbered("line plot: series", plot.series.size() + 1), {"name", "x", "y", "low", "high"});
    plot.series.push_back({s.text("name"), s.numbers("x"), s.numbers("y"), s.numbers("low"), s.numbers("high")});
  }
  return plot;
}

BarPlot bar_plot(const Json& data) {
  const Table top(data, "bar plot", {"title", "y", "labels", "series"});
  BarPlot plot{top.text("title"), top.text("y"), top.texts("labels"), {}};
  for (const auto& entry : top.list("series")) {
    const Table s(entry, numbered("bar plot: series", plot.series.size() + 1), {"name", "value", "error"});
    plot.series.push_back({s.text("name"), s.numbers("value"), s.numbers("error")});
  }
  return plot;
}

}  // namespace moonlab::run
