// Child processes in host.system: spawn { ... } gives a process; wait_any waits for several.
#include "host/process.hpp"

#include <csignal>

#include "bindings/lua.hpp"
#include "bindings/system.hpp"

namespace moonlab::lua {

template <>
struct TypeName<Process> {
  static constexpr const char* value = "process";
};

namespace {

int signal_number(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) return static_cast<int>(check_integer(L, index));
  const std::string name = optional_string(L, index, "TERM");
  const std::vector<std::pair<std::string, int>> known{{"INT", SIGINT},   {"TERM", SIGTERM}, {"KILL", SIGKILL},
                                                       {"HUP", SIGHUP},   {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},
                                                       {"USR2", SIGUSR2}, {"STOP", SIGSTOP}, {"CONT", SIGCONT}};
  std::vector<std::string> names;
  for (const auto& [candidate, number] : known) {
    if (candidate == name) return number;
    names.push_back(candidate);
  }
  fail("unknown signal '", name, "'", did_you_mean(name, names));
}

int push_ending(lua_State* L, const std::optional<Ending>& ending) {
  if (!ending) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, ending->code);
  if (!ending->signal) return 1;
  push(L, std::string(::sigabbrev_np(ending->signal)));
  return 2;
}

/// spawn { program, argument..., directory=, environment = {NAME = value or false}, input =, inherit =, merge_errors =,
/// terminal =, own_group = }: starts it and gives a process; see ProcessOptions. Raises where it cannot be started.
int spawn(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const std::vector<std::string> flags{"input", "inherit", "merge_errors", "terminal", "own_group"};
  ProcessOptions options;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TNUMBER) continue;
    const std::string key = check_string(L, -2);
    if (key == "directory") {
      options.directory = check_string(L, lua_gettop(L));
    } else if (key == "environment") {
      if (!lua_istable(L, -1)) fail("spawn: environment must be a table");
      for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const std::string name = check_string(L, lua_gettop(L) - 1);
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) options.unset.push_back(name);
        else options.environment[name] = check_string(L, lua_gettop(L));
      }
    } else if (key == "input") {
      options.input = lua_toboolean(L, -1);
    } else if (key == "inherit") {
      options.inherit = lua_toboolean(L, -1);
    } else if (key == "merge_errors") {
      options.merge_errors = lua_toboolean(L, -1);
    } else if (key == "terminal") {
      options.terminal = lua_toboolean(L, -1);
    } else if (key == "own_group") {
      options.own_group = lua_toboolean(L, -1);
    } else {
      auto names = flags;
      names.insert(names.end(), {"directory", "environment"});
      fail("spawn: unknown option '", key, "'", did_you_mean(key, names));
    }
  }
  const size_t words = lua_objlen(L, 1);
  for (size_t i = 1; i <= words; ++i) {
    lua_rawgeti(L, 1, static_cast<int>(i));
    options.command.push_back(check_string(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  push_object(L, std::make_shared<Process>(options));
  return 1;
}

/// wait_any({process...}, seconds): true when one of them has ended or written something.
int wait_any(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  std::vector<std::shared_ptr<Process>> owners;
  std::vector<Process*> processes;
  for (size_t i = 1, n = lua_objlen(L, 1); i <= n; ++i) {
    lua_rawgeti(L, 1, static_cast<int>(i));
    owners.push_back(check_object<Process>(L, lua_gettop(L)));
    processes.push_back(owners.back().get());
    lua_pop(L, 1);
  }
  lua_pushboolean(L, moonlab::wait_any(processes, check_number(L, 2)));
  return 1;
}

/// kill(pid, [signal = "TERM"]): for a process that is not ours; false where there is none or it is another user's.
int kill(lua_State* L) {
  lua_pushboolean(L, ::kill(static_cast<pid_t>(check_integer(L, 1)), signal_number(L, 2)) == 0);
  return 1;
}

std::shared_ptr<Process> self(lua_State* L) { return check_object<Process>(L, 1); }

int process_pid(lua_State* L) {
  lua_pushinteger(L, self(L)->pid());
  return 1;
}

/// read(), read_errors(): what arrived since the last call, "" where nothing did.
int process_read(lua_State* L) {
  push(L, self(L)->read());
  return 1;
}

int process_read_errors(lua_State* L) {
  push(L, self(L)->read_errors());
  return 1;
}

int process_write(lua_State* L) {
  lua_pushboolean(L, self(L)->write(check_string(L, 2)));
  return 1;
}

int process_close_input(lua_State* L) {
  self(L)->close_input();
  return 0;
}

/// poll(): exit code (and the signal's name where one ended it: then 128 + its number), or nil while it runs.
int process_poll(lua_State* L) { return push_ending(L, self(L)->ended()); }

/// wait([seconds]): the same after at most that long; without a limit where none is given.
int process_wait(lua_State* L) { return push_ending(L, self(L)->wait(optional_number(L, 2, 1e9))); }

/// kill([signal = "TERM"]): false where it has ended already.
int process_kill(lua_State* L) {
  lua_pushboolean(L, self(L)->kill(signal_number(L, 2)));
  return 1;
}

}  // namespace

void add_processes(lua_State* L) {
  const luaL_Reg methods[] = {
      {"pid", process_pid},     {"read", process_read}, {"read_errors", process_read_errors},
      {"write", process_write}, {"wait", process_wait}, {"close_input", process_close_input},
      {"poll", process_poll},   {"kill", process_kill}, {nullptr, nullptr},
  };
  register_type<Process>(L, methods);
  const luaL_Reg functions[] = {{"spawn", spawn}, {"wait_any", wait_any}, {"kill", kill}};
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
  }
}

}  // namespace moonlab::lua
