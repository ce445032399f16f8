// The program: reads its arguments, makes the Lua state and hands over to a file, a text, a command or the prompt.
extern "C" {
#include <lua.h>
}

#include <cstdio>
#include <filesystem>

#include "host/app/allocator.hpp"
#include "host/app/arguments.hpp"
#include "host/app/repl.hpp"
#include "host/app/runtime.hpp"
#include "host/app/signals.hpp"
#include "host/app/version.hpp"
#include "host/error.hpp"
#include "host/interrupt.hpp"

namespace moonlab::app {

namespace {

// The folder above build/, so that a clone may be moved; else the one it was built from.
std::string root_folder() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  return !error && fs::exists(beside / "stdlib", error) ? beside.string() : MOONLAB_SOURCE;
}

void push_words(lua_State* L, const std::vector<std::string>& words) {
  lua_newtable(L);
  for (size_t i = 0; i < words.size(); ++i) {
    lua_pushlstring(L, words[i].data(), words[i].size());
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

// stdlib/command_line.lua finds the command and gives the exit code.
int run_command(Runtime& runtime, const std::string& command, const std::vector<std::string>& words) {
  lua_State* L = runtime.state();
  lua_getglobal(L, "require");
  lua_pushliteral(L, "command_line");
  if (!runtime.call(1, 1)) return -1;
  lua_getfield(L, -1, "main");
  lua_pushlstring(L, command.data(), command.size());
  push_words(L, words);
  if (!runtime.call(2, 1)) return -1;
  return static_cast<int>(lua_tointeger(L, -1));
}

int run(const Arguments& arguments) {
  using Action = Arguments::Action;
  if (arguments.action == Action::version) {
    std::printf("%s\n", version_line().c_str());
    return 0;
  }
  keep_freed_memory();
  Runtime runtime({root_folder(), arguments.debug});
  if (arguments.action == Action::prompt) return run_prompt(runtime);
  install_signals(runtime.state(), Setting::program);
  int code = 0;
  switch (arguments.action) {
    case Action::file:
      code = runtime.run_file(arguments.target, arguments.rest) ? 0 : -1;
      break;
    case Action::code:
      push_words(runtime.state(), arguments.rest);
      lua_setglobal(runtime.state(), "arg");
      code = runtime.run_string(arguments.target, "=-e") ? 0 : -1;
      break;
    case Action::command:
      code = run_command(runtime, arguments.target, arguments.rest);
      break;
    default:
      code = run_command(runtime, "help", {});
  }
  if (code >= 0) return code;
  const bool stopped = interrupts() && signal_exit_code();
  std::fprintf(stderr, "%s\n", stopped ? "interrupted" : runtime.error().c_str());
  return stopped ? signal_exit_code() : 1;
}

}  // namespace

}  // namespace moonlab::app

int main(int count, char** words) {
  using namespace moonlab;
  app::Arguments arguments;
  try {
    arguments = app::parse_arguments({words + 1, words + count});
  } catch (const Error& e) {
    std::fprintf(stderr, "moonlab: %s\n", e.what());
    return 2;
  }
  try {
    return app::run(arguments);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "moonlab: %s\n", e.what());
    return 1;
  }
}
