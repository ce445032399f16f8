#include "host/run/plot_input.hpp"

#include "host/run/input_table.hpp"

namespace moonlab::run {

namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> with(std::initializer_list<const char*> keys) {
  std::vector<std::string> all{"kind", "title", "subtitle"};
  all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

Axis axis(const InputTable& top, const char* key) {
  Axis a;
  if (const Json* data = top.find(key)) {
    const InputTable t(*data, top.where() + ": " + key, {"label", "log", "low", "high"});
    a = {t.text("label"), t.flag("log"), t.number("low", NAN), t.number("high", NAN)};
  }
  return a;
}

Drawing xy(const Json& data, const Style& style) {
  const InputTable top(data, "line plot", with({"height", "x", "y", "series", "references"}));
  XyPlot plot{top.text("title"), top.text("subtitle"), axis(top, "x"), axis(top, "y"), {}, {}};
  for (const auto& entry : top.list("series")) {
    const InputTable s(entry, numbered("line plot: series", plot.series.size() + 1),
                       {"name", "x", "y", "low", "high", "mark", "width", "colour", "dashed"});
    XyPlot::Series made{s.text("name"), s.numbers("x"), s.numbers("y"), s.numbers("low"), s.numbers("high")};
    const std::string mark = s.text("mark");
    if (mark == "points") made.mark = XyPlot::Series::kPoints;
    else if (mark == "bars") made.mark = XyPlot::Series::kBars;
    else if (!mark.empty() && mark != "line")
      fail(s.where(), ": unknown mark '", mark, "'", did_you_mean(mark, {"line", "points", "bars"}),
           " (line, points, bars)");
    made.width = s.number("width", 0);
    made.colour = static_cast<int>(s.number("colour", 0)) - 1;  // from 1, as Lua counts; absent: its own place
    made.dashed = s.flag("dashed");
    plot.series.push_back(std::move(made));
  }
  for (const auto& entry : top.list("references")) {
    const InputTable r(entry, numbered("line plot: reference", plot.references.size() + 1),
                       {"name", "offset", "slope"});
    plot.references.push_back({r.text("name"), r.number("offset", 0), r.number("slope", 0)});
  }
  Style own = style;
  if (!style.cells) own.height = std::clamp(top.number("height", style.height), 160.0, 10000.0);
  return draw_xy(plot, own);
}

Drawing bars(const Json& data, const Style& style) {
  const InputTable top(data, "bar plot", with({"label", "labels", "series", "signs"}));
  BarPlot plot{top.text("title"), top.text("subtitle"), top.text("label"), top.texts("labels"), {}, top.flag("signs")};
  for (const auto& entry : top.list("series")) {
    const InputTable s(entry, numbered("bar plot: series", plot.series.size() + 1), {"name", "value", "error"});
    plot.series.push_back({s.text("name"), s.numbers("value"), s.numbers("error")});
  }
  return draw_bars(plot, style);
}

Drawing heat(const Json& data, const Style& style) {
  const InputTable t(
      data, "heat map",
      with({"label", "row_label", "column_label", "rows", "columns", "values", "diverging", "low", "high"}));
  return draw_heat({t.text("title"), t.text("subtitle"), t.text("label"), t.text("row_label"), t.text("column_label"),
                    t.texts("rows"), t.texts("columns"), t.numbers("values"), t.flag("diverging"), t.number("low", NAN),
                    t.number("high", NAN)},
                   style);
}

Drawing trees(const Json& data, const Style& style) {
  const InputTable top(data, "dendrogram", with({"labels", "trees"}));
  TreePlot plot{top.text("title"), top.text("subtitle"), top.texts("labels"), {}};
  for (const auto& entry : top.list("trees")) {
    const InputTable t(entry, numbered("dendrogram: tree", plot.trees.size() + 1), {"title", "axis", "merges"});
    TreePlot::Tree tree{t.text("title"), t.text("axis"), {}};
    for (const auto& merge : t.list("merges")) {
      if (!merge.is_array() || merge.size() != 4) fail(t.where(), ": a merge is { cluster, cluster, height, size }");
      std::array<double, 4> row{};
      for (size_t i = 0; i < 4; ++i) {
        if (!merge[i].is_number()) fail(t.where(), ": a merge is { cluster, cluster, height, size }");
        row[i] = merge[i].get<double>();
      }
      tree.merges.push_back(row);
    }
    plot.trees.push_back(std::move(tree));
  }
  return draw_trees(plot, style);
}

Drawing table(const Json& data, const Style& style) {
  const InputTable top(data, "table", with({"header", "rows"}));
  TablePicture plot{top.text("title"), top.text("subtitle"), top.texts("header"), {}};
  for (const auto& row : top.list("rows")) {
    const Json cells = {{"cells", row}};
    plot.rows.push_back(InputTable(cells, numbered("table: row", plot.rows.size() + 1), {"cells"}).texts("cells"));
  }
  return draw_table(plot, style);
}

Drawing stack(const Json& data, const Style& style) {
  const InputTable top(data, "plots", with({"columns", "parts"}));
  const int columns = static_cast<int>(top.number("columns", 1));
  Style part = style;
  if (columns > 1 && !style.cells) part.width = std::max(360.0, style.width * 1.5 / columns);
  std::vector<Drawing> parts;
  for (const auto& entry : top.list("parts")) parts.push_back(draw_plot(entry, part));
  return draw_stack(top.text("title"), parts, columns, style);
}

}  // namespace

Drawing draw_plot(const Json& data, const Style& style) {
  const std::vector<std::pair<std::string, Drawing (*)(const Json&, const Style&)>> kinds{
      {"xy", xy}, {"bars", bars}, {"heat", heat}, {"trees", trees}, {"table", table}, {"stack", stack}};
  if (!data.is_object() || !data.contains("kind") || !data["kind"].is_string())
    fail("plot: expected a table with the key 'kind'");
  const std::string kind = data["kind"];
  std::vector<std::string> names;
  for (const auto& [name, draw] : kinds) {
    if (name == kind) return draw(data, style);
    names.push_back(name);
  }
  fail("plot: unknown kind '", kind, "'", did_you_mean(kind, names), " (xy, bars, heat, trees, table, stack)");
}

}  // namespace moonlab::run
