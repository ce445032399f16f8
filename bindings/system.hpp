// The parts of `host.system`, a file each: each adds its functions to the table on top of the stack.
#pragma once

struct lua_State;

namespace moonlab::lua {

void add_files(lua_State* L);      // bindings/file.cpp
void add_processes(lua_State* L);  // bindings/process.cpp

}  // namespace moonlab::lua
