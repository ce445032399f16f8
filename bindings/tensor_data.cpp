// Tensors from and to what Lua has: numbers, nested tables, texts, pointers.
#include <limits>

#include "bindings/tensor_parts.hpp"
#include "host/tensor/elements.hpp"
#include "host/tensor/nested.hpp"
#include "host/tensor/print.hpp"
#include "host/tensor/properties.hpp"

namespace moonlab::lua {

namespace {

void push_scalar(lua_State* L, const c10::Scalar& s) {
  if (s.isBoolean()) lua_pushboolean(L, s.toBool());
  else if (s.isComplex()) {
    // a complex cdata; made by Lua, because the C API cannot
    auto c = s.toComplexDouble();
    lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).cdata_ref);
    lua_pushliteral(L, "complex");
    lua_pushnumber(L, c.real());
    lua_pushnumber(L, c.imag());
    lua_call(L, 3, 1);
  } else lua_pushnumber(L, s.isIntegral(false) ? static_cast<double>(s.toLong()) : s.toDouble());
}

int item(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (x.numel() != 1) fail("item: only a tensor of one element is a number, got shape ", x.sizes());
  push_scalar(L, item_of(x));
  return 1;
}

/// as_number(x): marks a 0-dim tensor as a plain number, which never widens the dtype of what it is combined with.
int as_number(lua_State* L) {
  check_tensor(L, 1).unsafeGetTensorImpl()->set_wrapped_number(true);
  lua_settop(L, 1);
  return 1;
}

/// item64(x): the exact int64 value as text, for values beyond 2^53.
int item64(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (x.numel() != 1) fail("item64: only a tensor of one element is a number, got shape ", x.sizes());
  push(L, std::string_view(std::to_string(item_of(x).toLong())));
  return 1;
}

void push_nested(lua_State* L, const Nested& data, size_t dim, int64_t& at) {
  if (dim == data.shape.size()) return push_scalar(L, data.item(at++));
  luaL_checkstack(L, 4, "a tensor of too many dims");
  lua_createtable(L, static_cast<int>(data.shape[dim]), 0);
  for (int64_t i = 0; i < data.shape[dim]; ++i) {
    push_nested(L, data, dim + 1, at);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

int totable(lua_State* L) {
  Nested data(check_tensor(L, 1));
  int64_t at = 0;
  push_nested(L, data, 0, at);
  return 1;
}

/// Reads nested tables into a NestedBuilder; every list of a level must have the same length.
void read_nested(lua_State* L, int index, size_t dim, NestedBuilder& out) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  if (const at::Tensor* t = test_tensor(L, index)) {
    if (t->numel() != 1 || t->dim() != 0)
      fail("torch.tensor: a tensor inside a table must be a single number (0-dim), got shape ", t->sizes(),
           "; torch.stack joins tensors");
    out.add(dim, item_of(*t));
    return;
  }
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      out.add(dim, c10::Scalar(static_cast<bool>(lua_toboolean(L, index))));
      return;
    case LUA_TNUMBER:
      out.add(dim, c10::Scalar(lua_tonumber(L, index)));
      return;
    case LUA_TTABLE: {
      luaL_checkstack(L, 4, "tables nested too deep");
      int n = lua_objlen(L, index), count = 0;
      for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) ++count;
      if (count != n) fail("torch.tensor: a list with holes or with keys that are not 1, 2, 3, ...");
      out.open(dim, n);
      for (int i = 1; i <= n; ++i) {
        lua_rawgeti(L, index, i);
        read_nested(L, -1, dim + 1, out);
        lua_pop(L, 1);
      }
      return;
    }
    default: {
      if (lua_type(L, index) == 10) {  // a cdata: a complex number or a 64-bit integer
        Values values;
        Value v = read_value(L, index, values);
        if (v.kind == Kind::complex) return out.add(dim, c10::Scalar(c10::complex<double>(v.real, v.imaginary)));
        if (v.kind == Kind::integer) return out.add(dim, c10::Scalar(v.integer));
      }
      fail("torch.tensor: tables hold numbers and booleans, got ", describe(L, index));
    }
  }
}

/// from_table(data, dtype or nil, device or nil) -> tensor; float32 where dtype is nil, bool for booleans.
int from_table(lua_State* L) {
  NestedBuilder out;
  read_nested(L, 1, 0, out);
  push(L, out.build(optional_string(L, 2, ""), optional_string(L, 3, "")));
  return 1;
}

int summary_text(lua_State* L) {
  push(L, std::string_view(summary(check_tensor(L, 1))));
  return 1;
}

/// print_style() -> precision, threshold, edge items, line width, scientific or nil; with values it sets them. A
/// threshold of math.huge summarises nothing.
int style(lua_State* L) {
  PrintStyle& style = print_style();
  if (lua_gettop(L) > 0) {
    PrintStyle given;
    given.precision = static_cast<int>(check_integer(L, 1));
    const double threshold = check_number(L, 2);
    given.threshold = threshold > 9e15 ? -1 : check_integer(L, 2);
    given.edge_items = check_integer(L, 3);
    given.line_width = check_integer(L, 4);
    if (given.precision < 0 || given.precision > 64 || given.edge_items < 0 || given.line_width < 1)
      fail("set_printoptions: precision lies in [0, 64], edgeitems is not negative, linewidth positive");
    if (!lua_isnoneornil(L, 5)) given.scientific = check_boolean(L, 5);
    style = given;
  }
  lua_pushinteger(L, style.precision);
  lua_pushnumber(L,
                 style.threshold < 0 ? std::numeric_limits<double>::infinity() : static_cast<double>(style.threshold));
  lua_pushinteger(L, static_cast<int>(style.edge_items));
  lua_pushinteger(L, static_cast<int>(style.line_width));
  if (style.scientific) lua_pushboolean(L, *style.scientific);
  else lua_pushnil(L);
  return 5;
}

int data_ptr(lua_State* L) {
  lua_pushlightuserdata(L, check_tensor(L, 1).data_ptr());
  return 1;
}

}  // namespace

int to_text(lua_State* L) {
  PrintOptions options;
  options.full = optional_boolean(L, 2, false);
  options.max_lines = static_cast<int>(optional_integer(L, 3, 0));
  TensorRef* ref = test_ref(L, 1);
  if (!ref) argument_error(L, 1, "a tensor");
  if (ref->freed) push(L, std::string_view(std::string("tensor (freed ") + ref->freed + ")"));
  else push(L, std::string_view(print(ref->tensor, options)));
  return 1;
}

const luaL_Reg kDataFunctions[] = {{"item", item},
                                   {"item64", item64},
                                   {"as_number", as_number},
                                   {"totable", totable},
                                   {"from_table", from_table},
                                   {"to_text", to_text},
                                   {"summary", summary_text},
                                   {"data_ptr", data_ptr},
                                   {"print_style", style},
                                   {nullptr, nullptr}};

}  // namespace moonlab::lua
