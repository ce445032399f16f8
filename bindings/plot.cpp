// require "host.plot": plots described as plain data (host/run/plot_input.hpp) as SVG, PNG or text for a terminal.
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/run/plot_input.hpp"

namespace moonlab::lua {

namespace {

using namespace run;

Json options(lua_State* L, const std::vector<std::string>& known) {
  if (lua_isnoneornil(L, 2)) return Json::object();
  const Json o = to_json(L, 2);
  for (const auto& [key, value] : o.items()) {
    bool found = false;
    for (const auto& k : known) found |= k == key;
    if (!found) fail("unknown option '", key, "'", did_you_mean(key, known));
  }
  return o;
}

Theme theme_of(const Json& o, Theme otherwise) {
  const std::string name = o.value("theme", std::string());
  if (name.empty()) return otherwise;
  if (name == "auto") return Theme::kAuto;
  if (name == "light") return Theme::kLight;
  if (name == "dark") return Theme::kDark;
  fail("unknown theme '", name, "'", did_you_mean(name, {"auto", "light", "dark"}), " (auto, light, dark)");
}

Style style_of(const Json& o) {
  Style style;
  style.width = o.value("width", style.width);
  style.height = o.value("height", style.height);
  if (!(style.width >= 240 && style.width <= 10000) || !(style.height >= 160 && style.height <= 10000))
    fail("a plot is 240 to 10000 wide and 160 to 10000 high, got ", style.width, " x ", style.height);
  return style;
}

/// svg(plot, { theme = "auto", width, height }) -> text
int svg(lua_State* L) {
  const Json o = options(L, {"theme", "width", "height"});
  push(L, to_svg(draw_plot(to_json(L, 1), style_of(o)), theme_of(o, Theme::kAuto)));
  return 1;
}

/// png(plot, { theme = "light", width, height, scale = 2 }) -> the bytes of a file
int png(lua_State* L) {
  const Json o = options(L, {"theme", "width", "height", "scale"});
  push(L, to_png(draw_plot(to_json(L, 1), style_of(o)), theme_of(o, Theme::kLight), o.value("scale", 2.0)));
  return 1;
}

/// terminal(plot, { columns = 80, rows = 24, colour = false }) -> lines of text
int terminal(lua_State* L) {
  const Json o = options(L, {"columns", "rows", "colour"});
  Style style;
  style.cells = true;
  style.width = 8.0 * o.value("columns", 80.0);
  style.height = 16.0 * o.value("rows", 24.0);
  push(L, to_terminal(draw_plot(to_json(L, 1), style), o.value("colour", false)));
  return 1;
}

}  // namespace

int open_plot(lua_State* L) {
  const luaL_Reg functions[] = {{"svg", svg}, {"png", png}, {"terminal", terminal}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
