#include "host/app/repl.hpp"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
}

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "host/app/editor.hpp"
#include "host/app/signals.hpp"
#include "host/app/version.hpp"
#include "host/interrupt.hpp"

namespace moonlab::app {

namespace {

// A local would be gone with the line that declares it. At the start of an input it is read as a global, so that lines
// pasted from a script work; blanks keep the columns of error messages.
std::string keep_locals(std::string text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == text.npos || text.compare(begin, 6, "local ") != 0) return text;
  size_t at = begin + 6;
  if (text.compare(at, 9, "function ") != 0) {
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) ||
                                std::string_view("_, ").find(text[at]) != std::string_view::npos))
      ++at;
    if (at >= text.size() || text[at] != '=') return text;
  }
  return text.replace(begin, 5, 5, ' ');
}

class Prompt {
 public:
  explicit Prompt(Runtime& runtime) : runtime_(runtime), L(runtime.state()) {}

  enum class Input { ready, incomplete, wrong };

  /// Leaves the compiled chunk on the stack (ready) or puts the reason in error_.
  Input compile(const std::string& text, const char* name, int first_line = 1) {
    const std::string padding(static_cast<size_t>(first_line - 1), '\n');
    // "return f(x)" would be a tail call, whose error has no line: the chunk's argument gives its arguments back
    const std::string expression = padding + "return (...)(" + text + "\n)", statement = padding + keep_locals(text);
    if (luaL_loadbuffer(L, expression.data(), expression.size(), name) == 0) return Input::ready;
    lua_pop(L, 1);
    if (luaL_loadbuffer(L, statement.data(), statement.size(), name) == 0) return Input::ready;
    error_ = lua_tostring(L, -1);
    lua_pop(L, 1);
    return error_.ends_with("'<eof>'") ? Input::incomplete : Input::wrong;
  }

  /// Runs the chunk on the stack and shows its results. False where it failed; then the reason is in error_.
  bool run() {
    forget_signals(L);
    const int top = lua_gettop(L) - 1;
    lua_pushcfunction(L, [](lua_State* l) { return lua_gettop(l); });
    bool done = runtime_.call(1, LUA_MULTRET);
    if (const int results = lua_gettop(L) - top; done && results > 0) {
      if (!lua_checkstack(L, 8)) return false;
      lua_getglobal(L, "require");
      lua_pushliteral(L, "inspect");
      done = runtime_.call(1, 1);
      if (done) {
        lua_getfield(L, -1, "echo");
        lua_remove(L, -2);
        lua_insert(L, top + 1);
        done = runtime_.call(results, 0);
      }
    }
    if (!done) error_ = interrupts() ? "interrupted" : runtime_.error();
    lua_settop(L, top);
    forget_signals(L);
    std::fflush(stdout);
    return done;
  }

  int on_terminal() {
    Editor editor(home_folder() + "/history", [this](std::string_view text) { return complete(L, text); });
    std::printf("%s\nhelp(x) explains x, Tab completes, Ctrl-D leaves\n", version_line().c_str());
    std::string text, line;
    for (;;) {
      forget_signals(L);
      switch (editor.read(text.empty() ? "> " : ". ", line)) {
        case Editor::Read::interrupted:
          text.clear();
          continue;
        case Editor::Read::end:
          std::printf("\n");
          return 0;
        case Editor::Read::line:
          break;
      }
      if (line.find_first_not_of(" \t") == line.npos && text.empty()) continue;
      if (!line.empty()) editor.remember(line);
      text += text.empty() ? line : "\n" + line;
      const Input input = compile(text, "=prompt");
      if (input == Input::incomplete) continue;
      if (input == Input::wrong || !run()) std::fprintf(stderr, "%s\n", error_.c_str());
      text.clear();
    }
  }

  int from_pipe() {
    std::string text, line;
    int first_line = 1, number = 0;
    Input input = Input::ready;
    while (std::getline(std::cin, line)) {
      ++number;
      if (number == 1 && line.starts_with("#")) continue;
      if (text.empty()) first_line = number;
      text += text.empty() ? line : "\n" + line;
      if (text.find_first_not_of(" \t\n\r") == text.npos) {
        text.clear();
        continue;
      }
      input = compile(text, "=stdin", first_line);
      if (input == Input::incomplete) continue;
      if (input == Input::wrong || !run()) return failed();
      text.clear();
    }
    return input == Input::incomplete ? failed() : 0;
  }

 private:
  int failed() {
    std::fprintf(stderr, "%s\n", error_.c_str());
    return 1;
  }

  Runtime& runtime_;
  lua_State* L;
  std::string error_;
};

}  // namespace

std::string home_folder() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (auto own = variable("MOONLAB_HOME"); !own.empty()) return own;
  if (auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/moonlab";
  return variable("HOME") + "/.cache/moonlab";
}

int run_prompt(Runtime& runtime) {
  const bool terminal = ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
  install_signals(runtime.state(), terminal ? Setting::prompt : Setting::program);
  Prompt prompt(runtime);
  return terminal ? prompt.on_terminal() : prompt.from_pipe();
}

}  // namespace moonlab::app
