#pragma once

#include <string>

namespace moonlab::app {

/// "Moonlab 0.1.0 (LibTorch 2.13.0, LuaJIT 2.1.0-beta3)": this program, the LibTorch it runs with, its Lua.
std::string version_line();

}  // namespace moonlab::app
