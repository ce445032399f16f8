// require "host.run": run directories, pictures of label graphs and samples as SVG text, SHA-256.
#include <algorithm>

#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "bindings/tensor.hpp"
#include "host/hash.hpp"
#include "host/run/events.hpp"
#include "host/run/picture_input.hpp"
#include "host/run/png.hpp"
#include "host/run/store.hpp"

namespace moonlab::lua {

using run::Run;

template <>
struct TypeName<Run> {
  static constexpr const char* value = "run";
};

namespace {

Run& self(lua_State* L) { return *check_object<Run>(L, 1); }

/// create(store, { name, config = text, meta = table, script = path, files = { path, ... } }) -> run; in place of
/// script and files sources = { { path, text }, ... }, the script first
int create(lua_State* L) {
  const Json o = to_json(L, 2);
  const std::vector<std::string> keys{"name", "config", "meta", "script", "files", "sources"};
  for (const auto& [key, value] : o.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      fail("unknown option '", key, "'", did_you_mean(key, keys));
  run::NewRun made;
  made.name = o.value("name", std::string("run"));
  made.config = o.value("config", std::string("{}"));
  made.meta = o.value("meta", Json::object());
  made.script = o.value("script", std::string());
  if (o.contains("files"))
    for (const auto& file : o["files"]) made.files.push_back(file.get<std::string>());
  if (o.contains("sources"))
    for (const auto& source : o["sources"]) made.sources.emplace_back(source.at(0), source.at(1));
  push_object(L, Run::create(check_string(L, 1), made));
  return 1;
}

/// open(store, id) -> run: by id, a unique beginning or ending of one, or "last"
int open(lua_State* L) {
  push_object(L, Run::open(check_string(L, 1), check_string(L, 2)));
  return 1;
}

/// list(store) -> { { id, status }, ... }, oldest first
int list(lua_State* L) {
  Json runs = Json::array();
  for (const auto& r : run::list_runs(check_string(L, 1))) runs.push_back({{"id", r.id}, {"status", r.status}});
  push(L, runs);
  return 1;
}

int id(lua_State* L) {
  push(L, self(L).id());
  return 1;
}
int describe(lua_State* L) {
  push(L, "run " + self(L).id() + " (" + self(L).status() + ")");
  return 1;
}
int path(lua_State* L) {
  push(L, self(L).path().string());
  return 1;
}
int status(lua_State* L) {
  push(L, self(L).status());
  return 1;
}
int set_status(lua_State* L) {
  self(L).set_status(check_string(L, 2));
  return 0;
}
int read(lua_State* L) {
  push(L, self(L).read(check_string(L, 2)));
  return 1;
}
int write(lua_State* L) {
  self(L).write(check_string(L, 2), check_string(L, 3));
  return 0;
}
int place(lua_State* L) {
  push(L, self(L).place(check_string(L, 2)).string());
  return 1;
}
int config(lua_State* L) {
  push(L, self(L).config());
  return 1;
}
int meta(lua_State* L) {
  push(L, self(L).meta());
  return 1;
}
/// update_meta(table): sets these keys
int update_meta(lua_State* L) {
  self(L).update_meta(to_json(L, 2));
  return 0;
}
int add_metrics(lua_State* L) {
  self(L).add_metrics(to_json(L, 2));
  return 0;
}
int metrics(lua_State* L) {
  push(L, Json(self(L).metrics()));
  return 1;
}
int cut_metrics(lua_State* L) {
  self(L).cut_metrics(check_integer(L, 2));
  return 0;
}
/// hold() -> true where this process has the run now, false where another one has it
int hold(lua_State* L) {
  lua_pushboolean(L, self(L).hold());
  return 1;
}
int release(lua_State* L) {
  self(L).release();
  return 0;
}
int sweep_up(lua_State* L) {
  self(L).sweep_up(check_string(L, 2));
  return 0;
}
/// append(file, bytes)
int append(lua_State* L) {
  self(L).append(check_string(L, 2), check_string(L, 3));
  return 0;
}
int log(lua_State* L) {
  self(L).log(check_string(L, 2));
  return 0;
}
int set_error(lua_State* L) {
  self(L).set_error(check_string(L, 2));
  return 0;
}

/// graph_picture(t) -> SVG text; the table is that of host/run/picture_input.hpp
int graph_picture(lua_State* L) {
  push(L, run::draw_graph(run::graph_picture(to_json(L, 1))));
  return 1;
}
/// contact_sheet(t, images uint8 [n, C, H, W]) -> SVG text
int contact_sheet(lua_State* L) {
  push(L, run::draw_contact_sheet(run::contact_sheet(to_json(L, 1), check_tensor(L, 2))));
  return 1;
}
/// png(image uint8 [C, H, W]) -> the bytes of a file
int png(lua_State* L) {
  push(L, run::encode_png(check_tensor(L, 1)));
  return 1;
}

std::vector<run::ScalarEvent> check_events(lua_State* L, int index) {
  std::vector<run::ScalarEvent> list;
  for (const auto& entry : to_json(L, index)) {
    run::ScalarEvent event{entry.at("time"), entry.at("step"), {}};
    for (const auto& [name, value] : entry.at("scalars").items()) event.scalars.emplace_back(name, value.get<double>());
    list.push_back(std::move(event));
  }
  return list;
}

/// events(started, { { time, step, scalars = { name = number } }, ... }) -> the bytes of an event file of TensorBoard;
/// events(nil, list): of the events alone, to be appended to one
int events(lua_State* L) {
  const auto list = check_events(L, 2);
  push(L, lua_isnil(L, 1) ? run::event_records(list) : run::event_file(check_number(L, 1), list));
  return 1;
}

/// sha256(text), sha256_file(path) -> 64 hexadecimal digits
int sha256(lua_State* L) {
  push(L, moonlab::sha256(check_string(L, 1)));
  return 1;
}
int sha256_file(lua_State* L) {
  push(L, moonlab::sha256_file(check_string(L, 1)));
  return 1;
}

}  // namespace

int open_run(lua_State* L) {
  const luaL_Reg methods[] = {{"id", id},           {"path", path},
                              {"status", status},   {"set_status", set_status},
                              {"read", read},       {"write", write},
                              {"place", place},     {"config", config},
                              {"meta", meta},       {"add_metrics", add_metrics},
                              {"metrics", metrics}, {"cut_metrics", cut_metrics},
                              {"log", log},         {"set_error", set_error},
                              {"hold", hold},       {"release", release},       {"sweep_up", sweep_up},
                              {"append", append},   {"update_meta", update_meta},
                              {nullptr, nullptr}};
  const luaL_Reg meta_methods[] = {{"__tostring", describe}, {nullptr, nullptr}};
  register_type<Run>(L, methods, meta_methods);
  const luaL_Reg functions[] = {{"create", create},
                                {"open", open},
                                {"list", list},
                                {"graph_picture", graph_picture},
                                {"sha256", sha256},
                                {"sha256_file", sha256_file},
                                {"contact_sheet", contact_sheet},
                                {"png", png},
                                {"events", events},
                                {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
