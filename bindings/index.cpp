// require "host.index": the index of a store, what lists of runs are answered from.
#include "host/run/index.hpp"

#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/run/run_facts.hpp"

namespace moonlab::lua {

using run::Index;

template <>
struct TypeName<Index> {
  static constexpr const char* value = "index of runs";
};

namespace {

Index& self(lua_State* L) { return *check_object<Index>(L, 1); }

/// open(store) -> index
int open(lua_State* L) {
  push_object(L, Index::open(check_string(L, 1)));
  return 1;
}

/// index:note() -> a line about what happened to the file, or ""
int note(lua_State* L) {
  push(L, self(L).note());
  return 1;
}

/// index:refresh(anew) -> { read, removed, runs = counts, running = { ids } }
int refresh(lua_State* L) {
  const auto changes = self(L).refresh(optional_boolean(L, 2, false));
  push(L, Json{{"read", changes.read}, {"removed", changes.removed}, {"runs", changes.runs}, {"running", changes.running}});
  return 1;
}

int set_status(lua_State* L) {
  self(L).set_status(check_string(L, 2), check_string(L, 3));
  return 0;
}

/// index:names("metric") -> { names }
int names(lua_State* L) {
  push(L, self(L).names(run::subject_named(check_string(L, 2))));
  return 1;
}

run::Quantity quantity(const Json& o) {
  return {run::subject_named(o.at("subject").get<std::string>()), o.at("names").get<std::vector<std::string>>()};
}

// { conditions = { { of = { subject, names }, op, values }, ... }, sort = { subject, names }, descending, limit,
//   shown = { { subject, names }, ... }, fields = { columns; all where absent },
//   varying = leave out parameters that are the same in all }
run::Query query(lua_State* L, int index) {
  run::Query made;
  const Json o = to_json(L, index);
  for (const auto& condition : o.value("conditions", Json::array())) {
    run::Condition one;
    if (condition.contains("of")) one.of = quantity(condition["of"]);
    one.op = condition.at("op").get<std::string>();
    one.values = condition.at("values").get<std::vector<Json>>();
    made.conditions.push_back(std::move(one));
  }
  made.sorted = o.contains("sort");
  if (made.sorted) made.sort = quantity(o["sort"]);
  made.descending = o.value("descending", false);
  for (const auto& of : o.value("shown", Json::array())) made.shown.push_back(quantity(of));
  made.fields = o.value("fields", std::vector<std::string>());
  made.varying = o.value("varying", false);
  made.limit = o.value("limit", int64_t{-1});
  return made;
}

// nothing is false: of a metric a number that was not finite, of what is asked for a value that a run lacks
void push_value(lua_State* L, const run::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) lua_pushnumber(L, *number);
  else if (const auto* text = std::get_if<std::string>(&value)) push(L, *text);
  else lua_pushboolean(L, 0);
}

// { id, status, ..., params, metrics, keys, shown }: see find
void push_run(lua_State* L, const run::IndexedRuns::Run& run, const std::vector<run::IndexedRuns::Key>& keys,
              const std::vector<std::string>& columns) {
  lua_createtable(L, 0, static_cast<int>(columns.size()) + 4);
  for (size_t c = 0; c < columns.size(); ++c) {
    if (std::holds_alternative<std::monostate>(run.fields[c])) continue;
    push(L, columns[c]);
    push_value(L, run.fields[c]);
    lua_rawset(L, -3);
  }
  lua_createtable(L, static_cast<int>(run.shown.size()), 0);
  for (size_t c = 0; c < run.shown.size(); ++c) {
    push_value(L, run.shown[c]);
    lua_rawseti(L, -2, static_cast<int>(c) + 1);
  }
  lua_setfield(L, -2, "shown");
  int metrics = 0;
  for (const auto& fact : run.facts) metrics += keys[fact.first].subject == run::Subject::metric;
  lua_createtable(L, 0, static_cast<int>(run.facts.size()) - metrics);  // params
  lua_createtable(L, 0, metrics);                                       // metrics
  lua_createtable(L, metrics, 0);                                       // keys
  int measured = 0;
  for (const auto& [place, value] : run.facts) {
    const bool metric = keys[place].subject == run::Subject::metric;
    push(L, keys[place].name);
    if (metric) {
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, ++measured);
    }
    push_value(L, value);
    lua_rawset(L, metric ? -4 : -5);
  }
  lua_setfield(L, -4, "keys");
  lua_setfield(L, -3, "metrics");
  lua_setfield(L, -2, "params");
}

/// index:find(query) -> { { id, status, ..., params = { name = value }, metrics = { key = value }, keys = { metrics in
/// the order of measuring }, shown = { values } }, ... }; false stands for a metric that was not finite
int find(lua_State* L) {
  const auto asked = query(L, 2);
  const auto found = self(L).find(asked);
  lua_createtable(L, static_cast<int>(found.runs.size()), 0);
  for (size_t i = 0; i < found.runs.size(); ++i) {
    push_run(L, found.runs[i], found.keys, asked.fields.empty() ? Index::columns() : asked.fields);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

/// options(text of a configuration) -> { ["optim.lr"] = 0.003, ... }: dotted paths and plain values, lists as they are
int options(lua_State* L) {
  const Json config = Json::parse(check_string(L, 1), nullptr, false);
  if (config.is_discarded()) fail("the configuration is not JSON");
  Json found = Json::object();
  for (const auto& [path, value] : run::flattened(config)) found[path] = value;
  push(L, found);
  return 1;
}

int count(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(self(L).count(query(L, 2))));
  return 1;
}

}  // namespace

int open_index(lua_State* L) {
  const luaL_Reg methods[] = {{"note", note}, {"refresh", refresh}, {"set_status", set_status}, {"names", names},
                              {"find", find}, {"count", count},     {nullptr, nullptr}};
  register_type<Index>(L, methods);
  const luaL_Reg functions[] = {{"open", open}, {"options", options}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
