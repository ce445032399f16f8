// Functions of a script that LibTorch calls on a thread that is not the script's: an error, and the state untouched.
#include "bindings/lua.hpp"
#include "bindings/program_state.hpp"
#include "bindings/worker_state.hpp"
#include "host/thread/worker.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace moonlab;

namespace {

struct Program {
  lua_State* L = lua::open_program({MOONLAB_SOURCE});
  ~Program() { lua::close_program(L); }

  void run(const char* code) {
    INFO(code);
    if (luaL_loadstring(L, code) != 0) FAIL(lua_tostring(L, -1));
    std::string error;
    if (!lua::call_explained(L, 0, 0, error)) FAIL(error);
  }
  at::Tensor tensor(const char* name) {
    lua_getglobal(L, name);
    at::Tensor t = lua::check_tensor(L, -1);
    lua_pop(L, 1);
    return t;
  }
  double number(const char* name) {
    lua_getglobal(L, name);
    const double x = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return x;
  }
};

// What backward threw there, or "".
std::string backward_elsewhere(const at::Tensor& y) {
  std::string error;
  std::thread([&] {
    try {
      y.backward({}, /*retain_graph=*/true);
    } catch (const std::exception& e) {
      error = e.what();
    }
  }).join();
  return error;
}

}  // namespace

TEST_CASE("a Lua function reached on a foreign thread raises and does not touch the state") {
  const char* cases[] = {
      "x = torch.ones(2, { requires_grad = true }) x:register_hook(function(g) calls = calls + 1 end) y = (x * 2):sum()",
      "x = torch.ones(2, { requires_grad = true }) local f = torch.autograd.fn { forward = function(ctx, a) return a * 2 end,"
      " backward = function(ctx, g) calls = calls + 1 return g * 2 end } y = f(x):sum()",
  };
  for (const char* make : cases) {
    INFO(make);
    Program program;
    program.run("calls = 0");
    program.run(make);
    const at::Tensor y = program.tensor("y");
    const int top = lua_gettop(program.L);
    CHECK_THAT(backward_elsewhere(y), Catch::Contains("on a thread that is not its own"));
    CHECK(lua_gettop(program.L) == top);
    CHECK(program.number("calls") == 0);
    program.run("y:backward()");  // and at home it works as before
    CHECK(program.number("calls") == 1);
    program.run("assert(x.grad:equal(torch.full({ 2 }, 2)))");
  }
}

TEST_CASE("a worker with a Lua state of its own is foreign as well") {
  Program program;
  program.run("calls = 0 x = torch.ones(2, { requires_grad = true })"
              " x:register_hook(function(g) calls = calls + 1 end) y = (x * 2):sum()");
  const at::Tensor y = program.tensor("y");
  std::string error;
  auto worker = thread::Worker::start(
      [&] {
        lua::WorkerState state({MOONLAB_SOURCE}, 0);
        try {
          y.backward({}, true);
        } catch (const std::exception& e) {
          error = e.what();
        }
      },
      0);
  REQUIRE(worker->wait(60));
  CHECK_THAT(error, Catch::Contains("on a thread that is not its own"));
  CHECK(program.number("calls") == 0);
}

TEST_CASE("a graph that dies on a foreign thread leaves the script's function alone") {
  Program program;
  program.run("x = torch.ones(2, { requires_grad = true }) local f = torch.autograd.fn { forward = function(ctx, a) return"
              " a * 2 end, backward = function(ctx, g) return g end } y = f(x) y:register_hook(function() end)");
  at::Tensor y = program.tensor("y");
  program.run("y = nil x = nil collectgarbage() collectgarbage()");
  std::thread([last = std::move(y)]() mutable { last.reset(); }).join();
  program.run("collectgarbage() local z = torch.ones(2, { requires_grad = true }) z:sum():backward() assert(z.grad)");
}
