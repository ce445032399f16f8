#include "host/tensor/settings.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>

#include "host/error.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab {

int operator_threads() { return at::get_num_threads(); }

void set_operator_threads(int count) {
  if (count < 1) fail("the number of threads must be 1 or more, got ", count);
  at::set_num_threads(count);
}

bool deterministic_algorithms() { return at::globalContext().deterministicAlgorithms(); }

void set_deterministic_algorithms(bool on, bool warn_only) { at::globalContext().setDeterministicAlgorithms(on, warn_only); }

std::string default_dtype() { return dtype_name(c10::get_default_dtype_as_scalartype()); }

void set_default_dtype(std::string_view name) {
  auto type = parse_dtype(name);
  if (!type || !at::isFloatingType(*type)) fail("the default dtype must be a floating one, got '", name, "'");
  c10::set_default_dtype(c10::scalarTypeToTypeMeta(*type));
}

bool deterministic_warns_only() { return at::globalContext().deterministicAlgorithmsWarnOnly(); }
bool fills_uninitialized_memory() { return at::globalContext().deterministicFillUninitializedMemory(); }
void set_fill_uninitialized_memory(bool on) { at::globalContext().setDeterministicFillUninitializedMemory(on); }

int interop_threads() { return at::get_num_interop_threads(); }

void set_interop_threads(int count) {
  if (count < 1) fail("the number of threads must be 1 or more, got ", count);
  at::set_num_interop_threads(count);
}

namespace {

struct Switch {
  const char* name;
  bool (*get)(const at::Context&);
  void (*set)(at::Context&, bool);
};

// The flags of torch.backends, by their names there.
constexpr Switch kSwitches[] = {
    {"cudnn.enabled", [](const at::Context& c) { return c.userEnabledCuDNN(); }, [](at::Context& c, bool v) { c.setUserEnabledCuDNN(v); }},
    {"cudnn.benchmark", [](const at::Context& c) { return c.benchmarkCuDNN(); }, [](at::Context& c, bool v) { c.setBenchmarkCuDNN(v); }},
    {"cudnn.deterministic", [](const at::Context& c) { return c.deterministicCuDNN(); }, [](at::Context& c, bool v) { c.setDeterministicCuDNN(v); }},
    {"cudnn.allow_tf32", [](const at::Context& c) { return c.allowTF32CuDNN(); }, [](at::Context& c, bool v) { c.setAllowTF32CuDNN(v); }},
    {"cuda.matmul.allow_tf32", [](const at::Context& c) { return c.allowTF32CuBLAS(); }, [](at::Context& c, bool v) { c.setAllowTF32CuBLAS(v); }},
    {"cuda.matmul.allow_fp16_accumulation", [](const at::Context& c) { return c.allowFP16AccumulationCuBLAS(); },
     [](at::Context& c, bool v) { c.setAllowFP16AccumulationCuBLAS(v); }},
    {"cuda.flash_sdp_enabled", [](const at::Context& c) { return c.userEnabledFlashSDP(); }, [](at::Context& c, bool v) { c.setSDPUseFlash(v); }},
    {"cuda.mem_efficient_sdp_enabled", [](const at::Context& c) { return c.userEnabledMemEfficientSDP(); },
     [](at::Context& c, bool v) { c.setSDPUseMemEfficient(v); }},
    {"cuda.math_sdp_enabled", [](const at::Context& c) { return c.userEnabledMathSDP(); }, [](at::Context& c, bool v) { c.setSDPUseMath(v); }},
    {"mkldnn.enabled", [](const at::Context& c) { return c.userEnabledMkldnn(); }, [](at::Context& c, bool v) { c.setUserEnabledMkldnn(v); }},
    {"mkldnn.deterministic", [](const at::Context& c) { return c.deterministicMkldnn(); }, [](at::Context& c, bool v) { c.setDeterministicMkldnn(v); }},
    {"mkldnn.allow_tf32", [](const at::Context& c) { return c.allowTF32OneDNN(); }, [](at::Context& c, bool v) { c.setAllowTF32OneDNN(v); }},
    {"nnpack.enabled", [](const at::Context& c) { return c.userEnabledNNPACK(); }, [](at::Context& c, bool v) { c.setUserEnabledNNPACK(v); }},
};

const Switch& find_switch(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& s : kSwitches) {
    if (name == s.name) return s;
    names.emplace_back(s.name);
  }
  fail("torch.backends has no flag '", name, "'", did_you_mean(name, names));
}

}  // namespace

std::vector<std::string> backend_flags() {
  std::vector<std::string> names;
  for (const auto& s : kSwitches) names.emplace_back(s.name);
  return names;
}

bool backend_flag(std::string_view name) { return find_switch(name).get(at::globalContext()); }
void set_backend_flag(std::string_view name, bool on) { find_switch(name).set(at::globalContext(), on); }

std::string float32_matmul_precision() {
  switch (at::globalContext().float32MatmulPrecision()) {
    case at::Float32MatmulPrecision::HIGHEST: return "highest";
    case at::Float32MatmulPrecision::HIGH: return "high";
    default: return "medium";
  }
}

void set_float32_matmul_precision(const std::string& name) {
  if (name != "highest" && name != "high" && name != "medium")
    fail("set_float32_matmul_precision: unknown precision '", name, "'", did_you_mean(name, {"highest", "high", "medium"}), " (highest, high, medium)");
  at::globalContext().setFloat32MatmulPrecision(name);
}

bool set_flush_denormal(bool on) { return at::globalContext().setFlushDenormal(on); }

}  // namespace moonlab
