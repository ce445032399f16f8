// Every operator of LibTorch as a Lua function: lets the host choose an overload and convert the arguments, calls the
// dispatcher. Reading arguments and pushing results is in operator_values.cpp.
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>

#include "bindings/all.hpp"
#include "bindings/operator_values.hpp"
#include "bindings/tensor.hpp"
#include "bindings/tensor_parts.hpp"
#include "host/interrupt.hpp"
#include "host/tensor/dtype.hpp"
#include "host/tensor/operator.hpp"
#include "host/tensor/overload.hpp"
#include "host/tensor/print.hpp"

namespace moonlab::lua {

namespace {

/// An operator as one Lua state sees it.
struct Caller {
  Chooser chooser;
  bool method;
};

/// What an operator refused, with its signature and every argument: one Error for the script.
[[noreturn]] void refused(lua_State* L, const Operator& op, const Overload& overload, const Values& values, const std::exception& e) {
  std::string text = op.spelling + ": " + text_of(L, e) + overload.signature_lines() + "\n  called with ";
  for (size_t i = 0; i < values.positional.size(); ++i) text += (i ? ", " : "") + describe(values.positional[i], values);
  for (size_t i = 0; i < values.named.size(); ++i)
    text += (i || !values.positional.empty() ? ", " : "") + std::string(values.named[i].first) + "=" + describe(values.named[i].second, values);
  throw Error(text);
}

/// Values and stack of a call, reused; a call inside a call (a hook) gets its own.
struct Frame {
  Values values;
  std::vector<c10::IValue> stack;
};

class FrameLease {
 public:
  FrameLease() {
    if (depth_ == pool_.size()) pool_.push_back(std::make_unique<Frame>());
    frame_ = pool_[depth_++].get();
  }
  ~FrameLease() {
    frame_->stack.clear();  // keeps no tensor
    frame_->values.clear();
    --depth_;
  }
  Frame& operator*() { return *frame_; }

 private:
  static thread_local std::vector<std::unique_ptr<Frame>> pool_;
  static thread_local size_t depth_;
  Frame* frame_;
};
thread_local std::vector<std::unique_ptr<Frame>> FrameLease::pool_;
thread_local size_t FrameLease::depth_ = 0;

int call(lua_State* L) {
  auto& caller = *static_cast<Caller*>(lua_touserdata(L, lua_upvalueindex(1)));
  poll_interrupt();
  FrameLease lease;
  auto& [values, stack] = *lease;
  int n = lua_gettop(L);
  if (n > 0 && is_keywords(L, n)) {
    read_keywords(L, n, values);
    --n;
  }
  for (int i = 1; i <= n; ++i) values.positional.push_back(read_value(L, i, values));
  const Overload* used = nullptr;
  for (bool retried = false;; retried = true) {
    try {
      if (at::Tensor result = caller.chooser.direct(values, caller.method, used); result.defined()) {
        push(L, std::move(result));
        return 1;
      }
      if (!used) {
        used = &caller.chooser.prepare(values, caller.method, stack);
        used->handle.callBoxed(&stack);
      }
      break;
    } catch (const Interrupted&) {
      throw;
    } catch (const c10::OutOfMemoryError& e) {
      if (!used) throw;
      if (retried || used->writes) refused(L, caller.chooser.op(), *used, values, e);
    } catch (const std::exception& e) {
      if (!used) throw;  // no overload was chosen: the message says all
      refused(L, caller.chooser.op(), *used, values, e);
    }
    make_room(L);  // and once more, since nothing was changed
    used = nullptr;
  }
  const Overload& overload = *used;
  const int results = static_cast<int>(stack.size());
  luaL_checkstack(L, results + 4, "too many results");
  for (int r = 0; r < results; ++r) {
    // an operator that writes into an argument returns that very value
    if (overload.returns_written && stack[r].isTensor()) {
      auto* impl = stack[r].toTensor().unsafeGetTensorImpl();
      int same = 0;
      for (int i = 1; i <= n && !same; ++i)
        if (TensorRef* ref = test_ref(L, i); ref && ref->tensor.unsafeGetTensorImpl() == impl) same = i;
      if (same) {
        lua_pushvalue(L, same);
        continue;
      }
      bool found = false;
      for (const auto& [name, value] : values.named)
        if (value.kind == Kind::tensor && value.tensor->unsafeGetTensorImpl() == impl) {
          lua_pushlstring(L, name.data(), name.size());
          lua_rawget(L, n + 1);
          found = true;
          break;
        }
      if (found) continue;
    }
    push_result(L, std::move(stack[r]), overload.returns_dtype);
  }
  return results;
}

void push_caller(lua_State* L, const Operator& op, bool method) {
  auto* caller = static_cast<Caller*>(lua_newuserdata(L, sizeof(Caller)));
  new (caller) Caller{Chooser(op), method};
  if (luaL_newmetatable(L, "moonlab.caller")) {
    lua_pushcfunction(L, [](lua_State* l) -> int {
      static_cast<Caller*>(lua_touserdata(l, 1))->~Caller();
      return 0;
    });
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lua_pushcclosure(L, call, 1);
}

/// find(name, method, namespace = "aten") -> function, or nil where there is no such operator.
int find(lua_State* L) {
  std::string name = check_string(L, 1);
  const bool method = lua_toboolean(L, 2);
  const Operator* op = find_operator(optional_string(L, 3, "aten"), name);
  if (!op) return 0;
  push_caller(L, *op, method);
  return 1;
}

/// names(namespace) -> sorted list
int names(lua_State* L) {
  push(L, operator_names(optional_string(L, 1, "aten")));
  return 1;
}

int namespaces(lua_State* L) {
  push(L, operator_namespaces());
  return 1;
}

/// signatures(name, namespace) -> list of texts, or nil
int signatures(lua_State* L) {
  const Operator* op = find_operator(optional_string(L, 2, "aten"), check_string(L, 1));
  if (!op) return 0;
  std::vector<std::string> list;
  for (const auto& o : op->overloads) list.push_back(o.signature());
  push(L, list);
  return 1;
}

/// overloads(name, namespace) -> list of overload names ("" first), or nil
int overloads(lua_State* L) {
  const Operator* op = find_operator(optional_string(L, 2, "aten"), check_string(L, 1));
  if (!op) return 0;
  std::vector<std::string> list;
  for (const auto& o : op->overloads) list.push_back(o.name());
  push(L, list);
  return 1;
}

int nearest_operator(lua_State* L) {
  push(L, std::string_view(nearest(check_string(L, 1), operator_names(optional_string(L, 2, "aten")))));
  return 1;
}

const luaL_Reg kFunctions[] = {{"find", find}, {"names", names}, {"namespaces", namespaces}, {"signatures", signatures},
                               {"overloads", overloads}, {"nearest", nearest_operator}, {nullptr, nullptr}};

}  // namespace

int open_operators(lua_State* L) {
  register_values(L);
  return push_library(L, kFunctions);
}

}  // namespace moonlab::lua
