// Containers: Sequential, which runs its parts, and those that hold parts or parameters for others to run.
#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// Children one after the other; their names are "0", "1", ... unless they were given others.
struct Sequential : Module {
  Sequential() : Module("Sequential") {}
  Tensors forward(const Tensors& x) override {
    Tensors y = x;
    for (const auto& [name, child] : children()) y = child->call(y);
    return y;
  }
  int64_t features() const override { return children().empty() ? 0 : children().back().second->features(); }
};

struct Container : Module {
  explicit Container(const char* kind) : Module(kind) {}
};

struct Plain {
  Register kind;
  explicit Plain(const char* name)
      : kind(name, Options::object(), [name](const Options&) { return std::make_shared<Container>(name); }) {}
};

const Register sequential("Sequential", Options::object(), [](const Options&) { return std::make_shared<Sequential>(); });
const Plain plain[] = {Plain("Module"), Plain("ModuleList"), Plain("ModuleDict"), Plain("ParameterList"), Plain("ParameterDict")};

}  // namespace

}  // namespace moonlab::nn
