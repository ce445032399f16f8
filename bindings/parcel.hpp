// Lua values on their way to another Lua state: packed here, unpacked there.
#pragma once

#include "bindings/lua.hpp"
#include "host/thread/parcel.hpp"

namespace moonlab::lua {

/// The values at first..last (absolute positions). Plain data alone: nil, booleans, numbers, strings, 64-bit integers
/// and complex numbers, tensors (their storage is shared), channels, and tables of these; a table reached twice stays
/// one. Everything else is refused with its place: "a function at argument 2.callback"; `name` is what the
/// values are called there, numbered where there are several.
thread::Parcel pack(lua_State* L, int first, int last, const std::string& name = "argument");

/// Pushes the values; returns how many. Each call makes tables and tensors anew.
int unpack(lua_State* L, const thread::Parcel& parcel);


}  // namespace moonlab::lua
