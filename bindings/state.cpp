#include "bindings/state.hpp"

#include <c10/util/Exception.h>

#include <cstdio>
#include <cstring>
#include <mutex>
#include <new>
#include <set>

namespace moonlab::lua {

namespace {

thread_local State* current = nullptr;

// LibTorch's messages end in advice for readers of its source; scripts get what was wrong.
std::string trimmed(std::string text) {
  for (const char* tail : {"\nException raised from", "\nC++ CapturedTraceback"})
    if (size_t at = text.find(tail); at != text.npos) text.erase(at);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Every C function runs through here (LUAJIT_MODE_WRAPCFUNC). Typed catches only: Lua's own errors are foreign
// exceptions and must pass. lua_error is called outside the handlers, so that no C++ exception stays alive.
int wall(lua_State* L, lua_CFunction f) {
  char* message = nullptr;
  size_t size = 0;
  auto keep = [&](const std::string& text) {
    size = text.size();
    message = static_cast<char*>(malloc(size + 1));
    if (message) memcpy(message, text.data(), size);
  };
  try {
    return f(L);
  } catch (const std::exception& e) {
    keep(where(L) + text_of(L, e));
  }
  if (message) {
    lua_pushlstring(L, message, size);
    free(message);
  } else {
    lua_pushliteral(L, "out of memory");
  }
  return lua_error(L);
}

// LibTorch's warnings as one line each, once a text, with the script's line rather than LibTorch's.
class Warnings : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    {
      std::lock_guard lock(mutex_);  // worker threads warn as well
      if (!current || !seen_.insert(warning.msg()).second) return;
    }
    std::string text = trimmed(warning.msg());
    fprintf(stderr, "%swarning: %s\n", where(current->main, 0).c_str(), text.c_str());
  }

 private:
  std::mutex mutex_;
  std::set<std::string> seen_;
};

}  // namespace

State& State::of(lua_State*) { return *current; }
State* State::running() { return current; }

void open_state(lua_State* L) {
  current = new State;
  current->main = L;
  lua_pushlightuserdata(L, reinterpret_cast<void*>(wall));
  if (luaJIT_setmode(L, -1, LUAJIT_MODE_WRAPCFUNC | LUAJIT_MODE_ON) != 1) fail("this LuaJIT cannot wrap C functions");
  lua_pop(L, 1);
  static Warnings warnings;
  c10::WarningUtils::set_warning_handler(&warnings);  // of this thread
}

void close_state(lua_State*) {
  delete current;
  current = nullptr;
}

std::string where(lua_State* L, int level) {
  lua_Debug ar;
  // The innermost Lua function of a script: C functions and pcall have no line, and a line of stdlib means little to
  // who called it (the traceback has it). Where only stdlib runs, its innermost line.
  std::string innermost;
  const std::string& library = State::of(L).library;
  for (; lua_getstack(L, level, &ar); ++level) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0) continue;
    std::string line = std::string(ar.short_src) + ":" + std::to_string(ar.currentline) + ": ";
    if (!std::string_view(ar.source).starts_with(library)) return line;
    if (innermost.empty()) innermost = line;
  }
  return innermost;
}

std::string text_of(lua_State* L, const std::exception& e) {
  if (auto* full = dynamic_cast<const c10::OutOfMemoryError*>(&e)) return trimmed(full->what_without_backtrace()) + largest_holders(L);
  if (auto* torch = dynamic_cast<const c10::Error*>(&e))
    return State::of(L).debug ? torch->what() : trimmed(torch->what_without_backtrace());
  if (dynamic_cast<const std::bad_alloc*>(&e)) return "out of memory";
  return State::of(L).debug ? e.what() : trimmed(e.what());
}

void call_from_host(lua_State* L, int arguments, int results) {
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_remove(L, -2);
  int handler = lua_gettop(L) - arguments - 1;
  lua_insert(L, handler);
  int status = lua_pcall(L, arguments, results, handler);
  lua_remove(L, handler);
  if (status == 0) return;
  const char* text = lua_tostring(L, -1);
  std::string message = text ? text : "error in a function of the script";
  lua_pop(L, 1);
  throw Error(message);
}

}  // namespace moonlab::lua
