// The command line as far as the program itself understands it; commands read their own arguments in Lua.
#pragma once

#include <string>
#include <vector>

namespace moonlab::app {

struct Arguments {
  enum class Action {
    prompt,   ///< nothing to run: a prompt on a terminal, statements from a pipe
    file,     ///< FILE.lua [args]
    code,     ///< -e CODE [args]
    command,  ///< run, test, ... (stdlib/command_line.lua)
    help,
    version,
  };
  Action action = Action::prompt;
  bool debug = false;              ///< --debug: errors carry LibTorch's C++ backtrace
  std::string target;              ///< the file, the code or the command
  std::vector<std::string> rest;   ///< what follows it
};

/// Reads argv (without the program's name). The first word that is no flag decides: a path (with a slash, or ending in
/// .lua) is a file, another word a command; what follows belongs to it, but --debug is understood after a command too.
/// Throws Error for an unknown flag, with the nearest one.
Arguments parse_arguments(const std::vector<std::string>& words);

}  // namespace moonlab::app
