// require "host.bench": the yardsticks of tests/bench and nothing else. A few operators bound by hand, as one would
// write them without a schema, and the same ones called in a loop of C++: what the generic binding is measured against.
#include <chrono>
#include <functional>

#include "bindings/all.hpp"
#include "bindings/lua.hpp"

namespace moonlab::lua {

namespace {

using at::Tensor;

Tensor linear_relu(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return bias.addmm(x, weight.t()).relu();
}

// ---- bound by hand: arguments checked, one call, one result
// -----------------------------------------------------------

int add(lua_State* L) {
  push(L, check_tensor(L, 1).add(check_tensor(L, 2)));
  return 1;
}

int mul(lua_State* L) {
  push(L, check_tensor(L, 1).mul(check_tensor(L, 2)));
  return 1;
}

int matmul(lua_State* L) {
  push(L, check_tensor(L, 1).matmul(check_tensor(L, 2)));
  return 1;
}

/// view(x, n): one dim of n elements.
int view(lua_State* L) {
  push(L, check_tensor(L, 1).view({check_integer(L, 2)}));
  return 1;
}

/// slice(x, dim, begin, end)
int slice(lua_State* L) {
  push(L, check_tensor(L, 1).slice(check_integer(L, 2), check_integer(L, 3), check_integer(L, 4)));
  return 1;
}

/// index(x, i): x[i]
int index(lua_State* L) {
  push(L, check_tensor(L, 1).select(0, check_integer(L, 2)));
  return 1;
}

/// linear_relu_forward(x, weight, bias): relu(linear(x)) as one function.
int linear_relu_forward(lua_State* L) {
  push(L, linear_relu(check_tensor(L, 1), check_tensor(L, 2), check_tensor(L, 3)));
  return 1;
}

/// linear_relu_backward(x, weight, bias): the same, summed, then backward.
int linear_relu_backward(lua_State* L) {
  linear_relu(check_tensor(L, 1), check_tensor(L, 2), check_tensor(L, 3)).sum().backward();
  return 0;
}

// ---- in C++ alone
// -------------------------------------------------------------------------------------------------------

/// cpp(name, calls, x, y, [bias]): seconds for that many calls from C++.
int cpp(lua_State* L) {
  const std::string name = check_string(L, 1);
  const int64_t calls = check_integer(L, 2);
  const Tensor x = check_tensor(L, 3), y = check_tensor(L, 4), bias = optional_tensor(L, 5);
  const int64_t n = x.numel();
  const std::vector<std::pair<std::string, std::function<void()>>> cases{
      {"add", [&] { x.add(y); }},
      {"mul", [&] { x.mul(y); }},
      {"matmul", [&] { x.matmul(y); }},
      {"view", [&] { x.view({n}); }},
      {"slice", [&] { x.slice(0, 0, 1); }},
      {"index", [&] { x.select(0, 0); }},
      {"linear_relu_forward", [&] { linear_relu(x, y, bias); }},
      {"linear_relu_backward", [&] { linear_relu(x, y, bias).sum().backward(); }},
  };
  std::vector<std::string> names;
  for (const auto& [known, run] : cases) {
    names.push_back(known);
    if (known != name) continue;
    const auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < calls; ++i) run();
    lua_pushnumber(L, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return 1;
  }
  fail("host.bench: unknown case '", name, "'", did_you_mean(name, names));
}

const luaL_Reg functions[] = {
    {"add", add},
    {"mul", mul},
    {"matmul", matmul},
    {"view", view},
    {"slice", slice},
    {"index", index},
    {"linear_relu_forward", linear_relu_forward},
    {"linear_relu_backward", linear_relu_backward},
    {"cpp", cpp},
    {nullptr, nullptr},
};

}  // namespace

int open_bench(lua_State* L) { return push_library(L, functions); }

}  // namespace moonlab::lua
