// A Lua function as the transform of a loader.
#pragma once

#include "bindings/lua.hpp"
#include "host/data/transform.hpp"

namespace moonlab::lua {

/// Reads the option `transform` (code, as for a worker) and `with` (plain data) of a loader from the table at `index`,
/// which loses both. Empty where there is no transform. Each worker of the loader has a Lua state of its own, in which
/// the code is called as f(image, { idx, y, domain, epoch }, with) and gives the image; its random numbers start anew
/// from each sample.
data::TransformMaker take_transform(lua_State* L, int index);

}  // namespace moonlab::lua
