// A Lua state with the whole host at hand: the error wall, every binding, stdlib on the path, torch as a global.
#pragma once

#include <string>
#include <vector>

struct lua_State;

namespace moonlab {

class Runtime {
 public:
  struct Options {
    std::string root;    // the folder that holds stdlib/, graphs/, scripts/
    bool debug = false;  // errors carry C++ backtraces
  };
  explicit Runtime(const Options& options);
  ~Runtime();
  Runtime(const Runtime&) = delete;

  lua_State* state() const { return state_; }
  const std::string& root() const { return root_; }

  /// Calls the function below its arguments on the stack. On an error, message and traceback (of Lua functions alone)
  /// are in `error()` and nothing is left on the stack. Results stay on the stack.
  bool call(int arguments, int results);

  /// Loads and runs a file with its arguments, or a text under a name such as "=-e". False on an error.
  bool run_file(const std::string& path, const std::vector<std::string>& arguments);
  bool run_string(const std::string& code, const std::string& name);

  const std::string& error() const { return error_; }

 private:
  bool fail_with_top();
  std::string root_, error_;
  lua_State* state_;
};

}  // namespace moonlab
