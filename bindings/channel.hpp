// Channels as Lua values.
#pragma once

#include "bindings/lua.hpp"
#include "host/thread/channel.hpp"

namespace moonlab::lua {

template <>
struct TypeName<thread::Channel> {
  static constexpr const char* value = "channel";
};

/// Seconds at a position: for ever where there are none.
double optional_seconds(lua_State* L, int index);

/// Adds channel(capacity) to the table on top of the stack.
void add_channels(lua_State* L);

}  // namespace moonlab::lua
