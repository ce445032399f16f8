// Tokenizers as Lua sees them.
#pragma once

#include "bindings/lua.hpp"
#include "host/text/tokenizer.hpp"

namespace moonlab::lua {

template <>
struct TypeName<text::Tokenizer> {
  static constexpr const char* value = "tokenizer";
};

}  // namespace moonlab::lua
