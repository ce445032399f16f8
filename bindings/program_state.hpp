// A Lua state with the whole host at hand: the error wall, every binding, stdlib on the path, torch as a global. The
// program has one; each worker thread makes its own.
#pragma once

#include <string>

struct lua_State;

namespace moonlab::lua {

/// What a state starts from; a worker's is taken from the state that starts it.
struct ProgramOptions {
  std::string root;        // the folder that holds stdlib/, graphs/, scripts/
  bool debug = false;      // errors carry C++ backtraces
  std::string path, cpath;  // package.path and .cpath; empty: stdlib and the current folder, and Lua's own
};

/// Makes the state of the calling thread, which has none yet. What a script would see of a failure is thrown as Error.
lua_State* open_program(const ProgramOptions& options);
void close_program(lua_State* L);

/// The options of the state that runs, for one like it.
ProgramOptions program_options(lua_State* L);

/// The message handler for lua_pcall: what went wrong, and "called from" with a line a caller where there are several.
int explain(lua_State* L);

/// As lua_pcall under `explain`: false where it failed; then `error` says why and nothing is left on the stack.
bool call_explained(lua_State* L, int arguments, int results, std::string& error);

/// For a signal handler of the state's own thread: Lua code stops with the error "interrupted" at its next line or
/// call; code that catches it is stopped again, until the hook is taken off (lua_sethook).
void interrupt_lua(lua_State* L) noexcept;

}  // namespace moonlab::lua
