// require "host.system": the terminal, clocks, environment, interrupts; files and processes join in from their own
// files.
#include "bindings/system.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/interrupt.hpp"
#include "host/version.hpp"

namespace moonlab::lua {

namespace {

int descriptor(lua_State* L, int index) {
  const std::string name = optional_string(L, index, "stdout");
  const std::vector<std::string> names{"stdin", "stdout", "stderr"};
  for (int i = 0; i < 3; ++i)
    if (names[i] == name) return i;
  fail("unknown stream '", name, "'", did_you_mean(name, names), " (stdin, stdout, stderr)");
}

/// isatty([stream = "stdout"]): whether a person sees it.
int isatty(lua_State* L) {
  lua_pushboolean(L, ::isatty(descriptor(L, 1)));
  return 1;
}

/// terminal_width([fallback = 80]): columns: $COLUMNS where set, what the terminal says, else the fallback.
int terminal_width(lua_State* L) {
  int width = static_cast<int>(optional_integer(L, 1, 80));
  const char* columns = std::getenv("COLUMNS");
  winsize size{};
  if (columns && std::atoi(columns) > 0) width = std::atoi(columns);
  else if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  lua_pushinteger(L, width);
  return 1;
}

/// clock(): seconds that only ever go forward; time(): seconds since 1970, with their fraction.
int clock(lua_State* L) {
  lua_pushnumber(L, std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
  return 1;
}

int time(lua_State* L) {
  lua_pushnumber(L, std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  return 1;
}

/// sleep(seconds): false where an interrupt cut it short.
int sleep(lua_State* L) {
  timespec left{};
  const double seconds = check_number(L, 1);
  left.tv_sec = static_cast<time_t>(seconds);
  left.tv_nsec = static_cast<long>((seconds - static_cast<double>(left.tv_sec)) * 1e9);
  lua_pushboolean(L, ::nanosleep(&left, nullptr) == 0);
  return 1;
}

int pid(lua_State* L) {
  lua_pushinteger(L, ::getpid());
  return 1;
}

/// versions() -> { moonlab, libtorch, luajit }
int versions(lua_State* L) {
  push(L, Json{{"moonlab", version()}, {"libtorch", torch_version()}, {"luajit", LUAJIT_VERSION}});
  return 1;
}

/// executable(): the path of this program, as it was when it was first asked for. A program that is built anew meanwhile
/// lies there again, while the system's name of the running one is then that of a deleted file.
int executable(lua_State* L) {
  static const std::string path = std::filesystem::read_symlink("/proc/self/exe").string();
  push(L, path);
  return 1;
}

int hostname(lua_State* L) {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  lua_pushstring(L, name);
  return 1;
}

/// cpu_count(): processors this process may use.
int cpu_count(lua_State* L) {
  lua_pushinteger(L, std::thread::hardware_concurrency());
  return 1;
}

/// resident(): bytes of memory this process holds now, and the most it held.
int resident(lua_State* L) {
  long pages = 0, all = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &all, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  lua_pushnumber(L, static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  lua_pushnumber(L, static_cast<double>(usage.ru_maxrss) * 1024.0);
  return 2;
}

/// environment(): all variables as a table. set_environment(name, value or nil) changes one, for children too.
int environment(lua_State* L) {
  lua_newtable(L);
  for (char** entry = environ; *entry; ++entry) {
    std::string_view text(*entry);
    const size_t end = text.find('=');
    if (end == text.npos) continue;
    push(L, text.substr(0, end));
    push(L, text.substr(end + 1));
    lua_rawset(L, -3);
  }
  return 1;
}

int set_environment(lua_State* L) {
  const std::string name = check_string(L, 1);
  if (lua_isnoneornil(L, 2)) ::unsetenv(name.c_str());
  else ::setenv(name.c_str(), check_string(L, 2).c_str(), 1);
  return 0;
}

/// interrupts(): how often Ctrl-C or SIGTERM came since clear_interrupts().
int interrupts(lua_State* L) {
  lua_pushinteger(L, moonlab::interrupts());
  return 1;
}

int clear_interrupts(lua_State* L) {
  moonlab::clear_interrupts();
  return 0;
}

/// on_interrupt("stop" or "finish"): what the first one means from now on; gives what it meant before. With "finish"
/// the caller looks at interrupts() between steps, saves and leaves with exit code 75; a second one ends the process.
int on_interrupt(lua_State* L) {
  const auto before = moonlab::on_interrupt();
  const std::string wish = optional_string(L, 1, "");
  if (wish == "stop" || wish == "finish") moonlab::on_interrupt(wish == "finish" ? Interrupt::finish : Interrupt::stop);
  else if (!wish.empty()) argument_error(L, 1, "\"stop\" or \"finish\"");
  lua_pushstring(L, before == Interrupt::finish ? "finish" : "stop");
  return 1;
}

/// nearest(word, candidates): the candidate that was probably meant, or nil.
int nearest(lua_State* L) {
  const std::string found = moonlab::nearest(check_string(L, 1), check_strings(L, 2));
  if (found.empty()) lua_pushnil(L);
  else push(L, found);
  return 1;
}

/// json(text): the value of a text of JSON. Errors: it is none, with the place.
int json(lua_State* L) {
  const std::string text = check_string(L, 1);
  try {
    push(L, Json::parse(text));
  } catch (const Json::exception& problem) {
    fail("no JSON: ", problem.what());
  }
  return 1;
}

const luaL_Reg functions[] = {
    {"isatty", isatty},
    {"terminal_width", terminal_width},
    {"clock", clock},
    {"time", time},
    {"sleep", sleep},
    {"pid", pid},
    {"executable", executable},
    {"versions", versions},
    {"hostname", hostname},
    {"cpu_count", cpu_count},
    {"resident", resident},
    {"environment", environment},
    {"set_environment", set_environment},
    {"interrupts", interrupts},
    {"clear_interrupts", clear_interrupts},
    {"on_interrupt", on_interrupt},
    {"nearest", nearest},
    {"json", json},
    {nullptr, nullptr},
};

}  // namespace

int open_system(lua_State* L) {
  push_library(L, functions);
  add_files(L);
  add_processes(L);
  return 1;
}

}  // namespace moonlab::lua
