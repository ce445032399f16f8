// Indexing of tensors, reading and writing.
#include "bindings/tensor_parts.hpp"
#include "host/tensor/index.hpp"
#include "host/tensor/properties.hpp"

namespace moonlab::lua {

namespace {

using at::indexing::TensorIndex;

/// One term of an index: an integer, a pair {a, b} as a half-open range, a slice string, torch.None, a mask or an
/// index tensor, a boolean.
void add_term(lua_State* L, int index, std::vector<TensorIndex>& terms) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (const at::Tensor* t = test_tensor(L, index)) {
    terms.emplace_back(*t);
    return;
  }
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: terms.emplace_back(check_integer(L, index)); return;
    case LUA_TBOOLEAN: terms.emplace_back(static_cast<bool>(lua_toboolean(L, index))); return;
    case LUA_TSTRING:
      for (auto& term : parse_slice(check_string(L, index))) terms.push_back(term);
      return;
    case LUA_TUSERDATA:
      if (lua_touserdata(L, index) == State::of(L).none) {
        terms.emplace_back(at::indexing::None);
        return;
      }
      break;
    case LUA_TTABLE: {
      auto range = check_integers(L, index);
      if (range.size() < 2 || range.size() > 3) fail("a table inside an index is a range {from, to} or {from, to, step}, got ", range.size(), " numbers");
      terms.push_back(slice(range[0], range[1], range.size() == 3 ? range[2] : 1));
      return;
    }
  }
  fail("a tensor cannot be indexed by ", describe(L, index));
}

void read_index(lua_State* L, int index, std::vector<TensorIndex>& terms) {
  if (!lua_istable(L, index)) return add_term(L, index, terms);
  int n = lua_objlen(L, index);
  for (int i = 1; i <= n; ++i) {
    lua_rawgeti(L, index, i);
    add_term(L, -1, terms);
    lua_pop(L, 1);
  }
}

int get_index(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    push(L, get(x, check_integer(L, 2)));
    return 1;
  }
  if (lua_type(L, 2) == LUA_TSTRING) {
    size_t size;
    const char* text = lua_tolstring(L, 2, &size);
    push(L, get(x, std::string_view(text, size)));
    return 1;
  }
  std::vector<TensorIndex> terms;
  read_index(L, 2, terms);
  push(L, get(x, terms));
  return 1;
}

int set_index(lua_State* L) {
  at::Tensor x = check_tensor(L, 1);
  std::vector<TensorIndex> terms;
  read_index(L, 2, terms);
  if (const at::Tensor* value = test_tensor(L, 3)) set(x, terms, *value);
  else if (lua_isboolean(L, 3)) set(x, terms, c10::Scalar(static_cast<bool>(lua_toboolean(L, 3))));
  else if (lua_isnumber(L, 3)) {
    double d = check_number(L, 3);
    if (static_cast<double>(static_cast<int64_t>(d)) == d) set(x, terms, c10::Scalar(static_cast<int64_t>(d)));
    else set(x, terms, c10::Scalar(d));
  } else if (lua_istable(L, 3)) {
    fail("assign a tensor or a number, got a table; torch.tensor(t) makes a tensor of it");
  } else {
    argument_error(L, 3, "a tensor or a number");
  }
  return 0;
}

}  // namespace

const luaL_Reg kIndexFunctions[] = {{"get_index", get_index}, {"set_index", set_index}, {nullptr, nullptr}};

}  // namespace moonlab::lua
