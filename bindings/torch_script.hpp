// TorchScript modules for Lua.
#pragma once

#include "bindings/lua.hpp"

namespace moonlab::weights {
class TorchScript;
}

namespace moonlab::lua {

/// script(values from the second place on) with any values of TorchScript; the results are pushed.
int call_script(lua_State* L, weights::TorchScript& script);

}  // namespace moonlab::lua
