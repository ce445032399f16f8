// A Lua function, or steps of the host, as the transform of a loader.
#pragma once

#include "bindings/lua.hpp"
#include "host/data/augment.hpp"

namespace moonlab::lua {

/// The steps of each of a loader's sources (host.image's augmentation).
using Augmentation = std::vector<data::Steps>;
template <>
struct TypeName<Augmentation> {
  static constexpr const char* value = "augmentation";
};

/// Reads the option `transform` (an augmentation, or code as for a worker) and `with` (plain data) of a loader from the table at `index`,
/// which loses both. Empty where there is no transform. Each worker of the loader has a Lua state of its own, in which
/// the code is called as f(image, { idx, y, domain, epoch }, with) and gives the image; its random numbers start anew
/// from each sample.
data::TransformMaker take_transform(lua_State* L, int index);

}  // namespace moonlab::lua
