// Properties of tensors: shape, dtype, grad and their like.
#include <unordered_map>

#include "bindings/tensor_parts.hpp"
#include "host/tensor/dtype.hpp"
#include "host/tensor/print.hpp"
#include "host/tensor/properties.hpp"

namespace moonlab::lua {

namespace {

enum class Property { shape, ndim, dtype, device, requires_grad, grad, is_leaf, T, mT, layout, is_nested, itemsize, nbytes };

const std::unordered_map<std::string_view, Property>& properties() {
  static const std::unordered_map<std::string_view, Property> map = {
      {"shape", Property::shape}, {"ndim", Property::ndim},       {"dtype", Property::dtype},     {"device", Property::device},
      {"grad", Property::grad},   {"is_leaf", Property::is_leaf}, {"T", Property::T},             {"mT", Property::mT},
      {"layout", Property::layout}, {"requires_grad", Property::requires_grad}, {"is_nested", Property::is_nested},
      {"itemsize", Property::itemsize}, {"nbytes", Property::nbytes}};
  return map;
}

/// property(x, name): true and the value, or false where there is no such property.
int property(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  auto found = properties().find(check_string(L, 2));
  lua_pushboolean(L, found != properties().end());
  if (found == properties().end()) return 1;
  switch (found->second) {
    case Property::shape: push(L, x.sizes().vec()); break;
    case Property::ndim: lua_pushinteger(L, x.dim()); break;
    case Property::dtype: push(L, std::string_view(dtype_name(x.scalar_type()))); break;
    case Property::device: push(L, std::string_view(x.device().str())); break;
    case Property::requires_grad: lua_pushboolean(L, x.requires_grad()); break;
    case Property::grad: push(L, x.is_leaf() || x.retains_grad() ? x.grad() : x.mutable_grad()); break;
    case Property::is_leaf: lua_pushboolean(L, x.is_leaf()); break;
    case Property::T: push(L, transposed(x)); break;
    case Property::mT: push(L, matrix_transposed(x)); break;
    case Property::layout: push(L, std::string_view(layout_name(x.layout()))); break;
    case Property::is_nested: lua_pushboolean(L, x.is_nested()); break;
    case Property::itemsize: lua_pushinteger(L, x.element_size()); break;
    case Property::nbytes: lua_pushnumber(L, static_cast<double>(x.nbytes())); break;
  }
  return 2;
}

int set_property(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  std::string name = check_string(L, 2);
  if (name == "requires_grad") {
    x.requires_grad_(check_boolean(L, 3));
    remember(L, 1);
    return 0;
  }
  if (name == "grad") {
    set_grad(x, optional_tensor(L, 3));
    if (!lua_isnil(L, 3)) remember(L, 3);
    return 0;
  }
  if (properties().count(name)) fail("the property '", name, "' of a tensor is read-only");
  std::vector<std::string> names{"requires_grad", "grad"};
  fail("a tensor has no property '", name, "' to assign", did_you_mean(name, names));
}

/// numel(x), size(x, dim): not every LibTorch has these as operators.
int numel(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check_tensor(L, 1).numel()));
  return 1;
}

int size(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  const int64_t dim = check_integer(L, 2);
  if (dim < -x.dim() || dim >= x.dim())
    fail("size: dim ", dim, " is out of range for a tensor of ", x.dim(), " dims (valid: ", -x.dim(), " to ", x.dim() - 1, ")");
  lua_pushnumber(L, static_cast<double>(x.size(dim)));
  return 1;
}

}  // namespace

const luaL_Reg kPropertyFunctions[] = {{"numel", numel}, {"size", size}, {"property", property}, {"set_property", set_property}, {nullptr, nullptr}};

}  // namespace moonlab::lua
