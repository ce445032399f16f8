// What every binding file needs: the Lua headers, errors, objects with shared owners, tensors, plain data as JSON.
//
// The rules of this folder: a binding converts its arguments, calls the host once, returns what it got. No
// mathematics. An error is a C++ exception (moonlab::fail, c10::Error); the wall in bindings/state.cpp turns it into
// a Lua error with file and line. Never catch (...): LuaJIT's own errors pass through C++ frames too.
#pragma once

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <luajit.h>
}

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/error.hpp"

namespace moonlab::lua {

using Json = nlohmann::ordered_json;

// ---- errors about arguments -------------------------------------------------------------------------------------

/// "NAME: argument 2 must be a tensor, got a string". NAME comes from the running function. Negative or upvalue
/// positions are named by what was expected alone.
[[noreturn]] void argument_error(lua_State* L, int index, const std::string& expected);

/// What a value is, in a user's words: "a number", "nil", "a tensor", "a label graph".
std::string describe(lua_State* L, int index);

double check_number(lua_State* L, int index);
int64_t check_integer(lua_State* L, int index);  // refuses 1.5
bool check_boolean(lua_State* L, int index);
std::string check_string(lua_State* L, int index);
std::vector<std::string> check_strings(lua_State* L, int index);
std::vector<int64_t> check_integers(lua_State* L, int index);

/// Optional forms: `fallback` where the argument is absent or nil.
double optional_number(lua_State* L, int index, double fallback);
int64_t optional_integer(lua_State* L, int index, int64_t fallback);
bool optional_boolean(lua_State* L, int index, bool fallback);
std::string optional_string(lua_State* L, int index, const std::string& fallback);

void push(lua_State* L, std::string_view text);
inline void push(lua_State* L, const std::string& text) { push(L, std::string_view(text)); }
inline void push(lua_State* L, const char* text) { push(L, std::string_view(text)); }
void push(lua_State* L, const std::vector<std::string>& list);
void push(lua_State* L, const std::vector<int64_t>& list);
void push(lua_State* L, const std::vector<double>& list);

// ---- tensors (bindings/tensor.cpp) ------------------------------------------------------------------------------

/// Pushes a tensor as a userdata charged to the memory governor; an undefined tensor is nil. A tensor that Lua holds
/// already and that may be known by identity (a parameter, a leaf, a gradient) is the same userdata again.
void push(lua_State* L, const at::Tensor& tensor);
void push(lua_State* L, at::Tensor&& tensor);

/// The tensor at a position, or nullptr where there is none. Raises if it was freed (use after free).
const at::Tensor* test_tensor(lua_State* L, int index);
const at::Tensor& check_tensor(lua_State* L, int index);
at::Tensor optional_tensor(lua_State* L, int index);                  // undefined where nil
std::vector<at::Tensor> check_tensors(lua_State* L, int index);       // an array table of tensors

// ---- plain data ---------------------------------------------------------------------------------------------------

/// Plain Lua data as JSON: numbers (integral ones as integers), strings, booleans, array tables, tables with string
/// keys (in sorted order, so that the text is the same in every process). Anything else raises and says where: "a function at options.lr".
Json to_json(lua_State* L, int index);
void push(lua_State* L, const Json& json);  // null becomes nil in an object, torch.None in a list

// ---- objects of the host ------------------------------------------------------------------------------------------

/// Specialise for every host class that Lua sees: `value` is its name in messages ("label graph").
template <class T>
struct TypeName;

namespace detail {
void new_type(lua_State* L, const char* name, const luaL_Reg* methods, const luaL_Reg* meta, lua_CFunction gc);
void* test_object(lua_State* L, int index, const char* name);
void* new_object(lua_State* L, size_t size, const char* name);
}  // namespace detail

/// Registers a class: methods are found with obj:name(); `meta` may hold __call, __tostring, __len, __index...
/// (an __index given there replaces the method table). Both end in {nullptr, nullptr}; either may be nullptr.
template <class T>
void register_type(lua_State* L, const luaL_Reg* methods, const luaL_Reg* meta = nullptr) {
  detail::new_type(L, TypeName<T>::value, methods, meta, [](lua_State* l) -> int {
    static_cast<std::shared_ptr<T>*>(lua_touserdata(l, 1))->~shared_ptr<T>();
    return 0;
  });
}

template <class T>
void push_object(lua_State* L, std::shared_ptr<T> object) {
  new (detail::new_object(L, sizeof(std::shared_ptr<T>), TypeName<T>::value)) std::shared_ptr<T>(std::move(object));
}

/// The object at a position, empty where it is of another type.
template <class T>
std::shared_ptr<T> test_object(lua_State* L, int index) {
  void* p = detail::test_object(L, index, TypeName<T>::value);
  return p ? *static_cast<std::shared_ptr<T>*>(p) : nullptr;
}

template <class T>
std::shared_ptr<T> check_object(lua_State* L, int index) {
  auto object = test_object<T>(L, index);
  if (!object) argument_error(L, index, std::string("a ") + TypeName<T>::value);
  return object;
}

/// A table of functions, left on the stack: what `require "host.graph"` returns.
int push_library(lua_State* L, const luaL_Reg* functions);

}  // namespace moonlab::lua
