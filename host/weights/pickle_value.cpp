#include "host/weights/pickle_value.hpp"

namespace moonlab::weights {

std::string describe(const Value& value) {
  struct {
    std::string operator()(const None&) const { return "None"; }
    std::string operator()(bool) const { return "a boolean"; }
    std::string operator()(int64_t i) const { return "the integer " + std::to_string(i); }
    std::string operator()(double) const { return "a float"; }
    std::string operator()(const std::string& s) const { return "the text '" + s.substr(0, 60) + "'"; }
    std::string operator()(const std::unique_ptr<std::complex<double>>&) const { return "a complex number"; }
    std::string operator()(const Bytes&) const { return "bytes"; }
    std::string operator()(const BigInteger&) const { return "an integer beyond 64 bits"; }
    std::string operator()(const Sequence& s) const {
      static const char* kNames[] = {"a list", "a tuple", "a set", "a torch.Size"};
      return kNames[s.kind];
    }
    std::string operator()(const Mapping&) const { return "a dict"; }
    std::string operator()(const Global& g) const { return "the global '" + g.name + "'"; }
    std::string operator()(const Persistent&) const { return "a persistent object"; }
    std::string operator()(const std::unique_ptr<StorageValue>&) const { return "a storage"; }
    std::string operator()(const Call& c) const {
      const auto* global = c.function->as<Global>();
      return global ? "the result of '" + global->name + "'" : "the result of a call";
    }
    std::string operator()(const at::Tensor&) const { return "a tensor"; }
  } text;
  return std::visit(text, value.data);
}

}  // namespace moonlab::weights
