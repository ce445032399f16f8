// Code that another Lua state runs: how it is given, and how it becomes a function there.
#pragma once

#include <string>

#include "bindings/lua.hpp"

namespace moonlab::lua {

struct WorkerCode {
  enum class Kind {
    kSource,    ///< a chunk: its text, whose arguments are "..."
    kFunction,  ///< the text of a function expression: "function(x) ... end"
    kBytecode,  ///< a function without upvalues, dumped
    kModule,    ///< "folder.module" that returns a function, or "folder.module:name", a function of its table
  };
  Kind kind = Kind::kSource;
  std::string text;
  std::string name;  ///< of the chunk in messages, or the module's
};

/// The code at a position: a module's name, source text, or a function that uses no local variable of its surroundings.
/// Errors: anything else; a function with upvalues, naming them; text that does not compile, with its line.
WorkerCode check_code(lua_State* L, int index);

/// Pushes the function that the code means in this state. Errors (as Lua's or Error): the module is not found, it gives
/// no function.
void push_code(lua_State* L, const WorkerCode& code);

}  // namespace moonlab::lua
