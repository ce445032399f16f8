// What a Lua state carries for the bindings: the wall against C++ exceptions, the metatables, the memory governor.
// One Lua state a thread: State::of(L) is the state of the running thread.
#pragma once

#include "bindings/lua.hpp"
#include "host/tensor/memory.hpp"

namespace moonlab::lua {

struct TensorRef;

struct State {
  lua_State* main = nullptr;
  bool debug = false;  // errors carry LibTorch's C++ backtrace
  Governor governor;
  int tensor_metatable_ref = LUA_NOREF;
  int identity_ref = LUA_NOREF;   // weak values: TensorImpl* -> userdata, of tensors that may be met again
  int none_ref = LUA_NOREF;       // torch.None
  int cdata_ref = LUA_NOREF;      // Lua function that takes cdata numbers apart
  const void* none = nullptr;
  std::string library = "@/";  // what the sources of stdlib begin with, as Lua's debug information has it
  std::vector<struct Scope*> scopes;

  static State& of(lua_State* L);
  static State* running();  // of this thread, or nullptr
};

/// Makes the state's record and raises the wall; call once, first, after lua_newstate.
void open_state(lua_State* L);
/// Drops the record; call after lua_close.
void close_state(lua_State* L);

/// "file:line: " of the innermost Lua function running, or "".
std::string where(lua_State* L, int level = 1);

/// The host's script_place() tells lines of this state's script from now on.
void find_places(lua_State* L);

/// What the script holds most memory in, for the error that says there is none left; "" where that is little.
std::string largest_holders(lua_State* L);

/// The text of an exception for a script: LibTorch's without its backtrace (with it under --debug).
std::string text_of(lua_State* L, const std::exception& e);

/// Calls the function below its `arguments` on the stack, results on the stack. An error of Lua inside becomes a C++
/// exception that carries its message and traceback, for callers that LibTorch calls and that must not be unwound by
/// a foreign exception.
void call_from_host(lua_State* L, int arguments, int results);

}  // namespace moonlab::lua
