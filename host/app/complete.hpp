// Completion at the prompt: what may follow the expression that ends at the cursor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct lua_State;

namespace moonlab::app {

struct Completion {
  size_t begin = 0;                ///< where in the text the unfinished name starts
  std::vector<std::string> names;  ///< whole names that start with it, sorted, without doubles
};

/// Looks at the end of `text`: in the table of a constructor its keys (`adamw { we`), elsewhere a name gives globals and keywords, `a.b.` fields, `a:` methods (of tensors: the
/// operators and properties). Reads tables raw and follows __index tables; a metatable may hold __names(object), which
/// returns a list of further names. Runs no other code of the user and raises nothing.
Completion complete(lua_State* L, std::string_view text);

}  // namespace moonlab::app
