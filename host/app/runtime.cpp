#include "host/app/runtime.hpp"

#include "bindings/lua.hpp"
#include "bindings/program_state.hpp"
#include "host/thread/worker.hpp"

namespace moonlab {

Runtime::Runtime(const Options& options) : root_(options.root), state_(lua::open_program({options.root, options.debug})) {}

Runtime::~Runtime() {
  thread::Worker::stop_all(3);  // one that does not react is left at the exit of the process
  lua::close_program(state_);
}

bool Runtime::call(int arguments, int results) { return lua::call_explained(state_, arguments, results, error_); }

bool Runtime::fail_with_top() {
  size_t size;
  const char* text = lua_tolstring(state_, -1, &size);
  error_.assign(text ? text : "unknown error", text ? size : 13);
  lua_pop(state_, 1);
  return false;
}

bool Runtime::run_file(const std::string& path, const std::vector<std::string>& arguments) {
  lua_newtable(state_);
  lua::push(state_, std::string_view(path));
  lua_rawseti(state_, -2, 0);
  for (size_t i = 0; i < arguments.size(); ++i) {
    lua::push(state_, std::string_view(arguments[i]));
    lua_rawseti(state_, -2, static_cast<int>(i) + 1);
  }
  lua_setglobal(state_, "arg");
  if (luaL_loadfile(state_, path.c_str()) != 0) return fail_with_top();
  for (const auto& a : arguments) lua::push(state_, std::string_view(a));
  return call(static_cast<int>(arguments.size()), 0);
}

bool Runtime::run_string(const std::string& code, const std::string& name) {
  if (luaL_loadbuffer(state_, code.data(), code.size(), name.c_str()) != 0) return fail_with_top();
  return call(0, 0);
}

}  // namespace moonlab
