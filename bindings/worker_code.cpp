#include "bindings/worker_code.hpp"

#include <cctype>

namespace moonlab::lua {

namespace {

// "a.b", "a.b:c": what no Lua chunk can look like
bool is_module_name(std::string_view text) {
  bool start = true, colon = false;
  for (char c : text) {
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) || c == '_';
    if (letter || (!start && (std::isdigit(static_cast<unsigned char>(c)) || c == '-'))) {
      start = false;
    } else if ((c == '.' || c == ':') && !start && !colon) {
      start = true;
      colon = c == ':';
    } else {
      return false;
    }
  }
  return !text.empty() && !start;
}

bool is_function_expression(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text.compare(begin, 8, "function") != 0) return false;
  const size_t next = text.find_first_not_of(" \t\r\n", begin + 8);
  return next != text.npos && text[next] == '(';
}

void compile(lua_State* L, const WorkerCode& code) {
  const std::string text = code.kind == WorkerCode::Kind::kFunction ? "return " + code.text : code.text;
  if (luaL_loadbuffer(L, text.data(), text.size(), code.name.c_str()) == 0) return;
  const std::string message = lua_tostring(L, -1);
  lua_pop(L, 1);
  fail(message);
}

WorkerCode dumped(lua_State* L, int index) {
  lua_Debug ar;
  lua_pushvalue(L, index);
  lua_getinfo(L, ">S", &ar);
  const std::string where = std::string(ar.short_src) + ":" + std::to_string(ar.linedefined);
  if (ar.what[0] == 'C') fail("a function of the host cannot be sent to a worker; send source text that calls it");
  std::string captured;
  for (int i = 1; const char* name = lua_getupvalue(L, index, i); ++i) {
    captured += (captured.empty() ? "'" : ", '") + std::string(name) + "'";
    lua_pop(L, 1);
  }
  if (!captured.empty())
    fail("the function at ", where, " uses ", captured, " of its surroundings; a worker has a Lua state of its own, where ",
         captured.find(',') == captured.npos ? "that does" : "those do",
         " not exist. Give it as an argument, require it inside the function, or name a module");
  WorkerCode code{WorkerCode::Kind::kBytecode, "", ar.source};
  lua_pushvalue(L, index);
  auto writer = [](lua_State*, const void* bytes, size_t size, void* to) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
    return 0;
  };
  if (lua_dump(L, writer, &code.text) != 0) fail("the function at ", where, " cannot be sent to a worker");
  lua_pop(L, 1);
  return code;
}

}  // namespace

WorkerCode check_code(lua_State* L, int index) {
  if (lua_isfunction(L, index)) return dumped(L, index);
  if (lua_type(L, index) != LUA_TSTRING) argument_error(L, index, "source text, a module's name or a function");
  WorkerCode code;
  code.text = check_string(L, index);
  if (is_module_name(code.text)) {
    code.kind = WorkerCode::Kind::kModule;
    code.name = code.text;
    return code;
  }
  code.kind = is_function_expression(code.text) ? WorkerCode::Kind::kFunction : WorkerCode::Kind::kSource;
  code.name = "=worker";
  compile(L, code);  // a slip of the pen is told here, not by the worker
  lua_pop(L, 1);
  return code;
}

void push_code(lua_State* L, const WorkerCode& code) {
  if (code.kind != WorkerCode::Kind::kModule) {
    compile(L, code);
    if (code.kind == WorkerCode::Kind::kFunction) lua_call(L, 0, 1);
    return;
  }
  const size_t colon = code.text.find(':');
  const std::string module = code.text.substr(0, colon);
  lua_getglobal(L, "require");
  push(L, module);
  lua_call(L, 1, 1);
  if (colon != code.text.npos) {
    if (!lua_istable(L, -1)) fail("module '", module, "' gives ", describe(L, -1), ", not a table with '", code.text.substr(colon + 1), "'");
    lua_getfield(L, -1, code.text.c_str() + colon + 1);
    lua_remove(L, -2);
  }
  if (lua_isfunction(L, -1)) return;
  if (luaL_getmetafield(L, -1, "__call")) return lua_pop(L, 1);
  fail("'", code.text, "' gives ", describe(L, -1), ", not a function; a module that a worker runs returns one, or is named as 'module:function'");
}

}  // namespace moonlab::lua
