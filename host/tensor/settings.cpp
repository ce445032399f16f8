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

bool set_flush_denormal(bool on) { return at::globalContext().setFlushDenormal(on); }

}  // namespace moonlab
