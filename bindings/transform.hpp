// Lua functions and steps of the host as the transform of a loader.
#pragma once

#include "bindings/lua.hpp"
#include "host/data/transform.hpp"

namespace moonlab::lua {

struct GivenTransform {
  data::TransformMaker make;  // empty: none was given
  bool calls_lua = false;     // needs a worker's thread
};

/// Reads the option `transform` and `with` (plain data) of a loader from the table at `index`, which loses both. Empty
/// where there is no transform. `transform` is code as for a worker, for the images of all sources; or a list for each
/// source of what happens to its images one after the other: steps { kind, ... } (host/data/augment.hpp) and code.
/// Each worker of the loader has a Lua state of its own, in which code is called as f(image, { idx, y, domain, epoch },
/// with) and gives the image; its random numbers start anew from each sample. Steps alone need no Lua.
GivenTransform take_transform(lua_State* L, int index);

}  // namespace moonlab::lua
