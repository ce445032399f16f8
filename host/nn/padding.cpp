// Padding over 1 to 3 dims: reflected, replicated, circular, with zeros or another constant. Padding counts from the
// last dim inwards: (left, right, top, bottom, front, back), or one number for all.
#include <ATen/ATen.h>

#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

struct Pad : Register {
  Pad(const std::string& name, int dims, const char* mode, bool with_value, bool checked = false)
      : Register(name, with_value ? Options{{"padding", nullptr}, {"value", nullptr}} : Options{{"padding", nullptr}},
                 [=](const Options& o) -> std::shared_ptr<Module> {
                   struct Layer : Module {
                     std::vector<int64_t> padding;
                     std::string mode;
                     std::optional<double> value;
                     int64_t expected;  // dims of one sample that are insisted on, or 0
                     using Module::Module;
                     Tensors forward(const Tensors& x) override {
                       if (expected) expect_dims(kind(), x.at(0), {expected, expected + 1});
                       return {at::pad(x.at(0), padding, mode, value)};
                     }
                     std::string describe() const override {
                       if (kind().rfind("ConstantPad", 0) != 0) return repr(padding);
                       return "padding=" + repr(padding) + ", value=" + repr(made_with()["value"]);
                     }
                   };
                   auto layer = std::make_shared<Layer>(name);
                   layer->padding = integers(o["padding"], 2 * dims);
                   layer->mode = mode;
                   if (layer->mode == "constant") layer->value = with_value ? o["value"].get<double>() : 0.0;
                   layer->expected = checked ? dims + 1 : 0;
                   return layer;
                 }) {}
};

/// The four classes for one number of dims.
struct Family {
  Pad reflection, replication, circular, zero, constant;
  explicit Family(int n)
      : reflection("ReflectionPad" + std::to_string(n) + "d", n, "reflect", false),
        replication("ReplicationPad" + std::to_string(n) + "d", n, "replicate", false),
        circular("CircularPad" + std::to_string(n) + "d", n, "circular", false, true),
        zero("ZeroPad" + std::to_string(n) + "d", n, "constant", false),
        constant("ConstantPad" + std::to_string(n) + "d", n, "constant", true) {}
};
const Family one(1), two(2), three(3);

}  // namespace

}  // namespace moonlab::nn
