// Sequential and the plain container.
#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// Children one after the other; their names are "0", "1", ...
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
  Container(const char* kind) : Module(kind) {}
};

const Register sequential("Sequential", Options::object(), [](const Options&) { return std::make_shared<Sequential>(); });
const Register list("ModuleList", Options::object(), [](const Options&) { return std::make_shared<Container>("ModuleList"); });
const Register module("Module", Options::object(), [](const Options&) { return std::make_shared<Container>("Module"); });

}  // namespace

}  // namespace moonlab::nn
