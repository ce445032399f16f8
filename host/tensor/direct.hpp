// Calls without boxing, by the form of a schema.
//
// Boxing arguments for the dispatcher costs a small operator a tenth of its time. Half of all calls have one of a few
// forms, such as (Tensor, Tensor) -> Tensor; for these the dispatcher's typed entry is called. Nothing here knows an
// operator by name.
#pragma once

#include <ATen/core/Tensor.h>

#include "host/tensor/operator.hpp"
#include "host/tensor/value.hpp"

namespace moonlab {

enum class Form : uint8_t { none, t, tt, tts, ts, tss, t_sizes, t_int_size };

/// The form of an overload whose C++ signature agrees, else none. Worked out once for an overload that a script uses.
Form form_of(const Overload& overload);

/// Calls an overload of this form. arguments[i] is the value of the i-th argument, nullptr for its default; `sizes` are
/// the integers of t_sizes where they were given one by one.
at::Tensor call_direct(const Overload& overload, Form form, const Value* const* arguments, const Values& values, const Value* sizes, size_t count);

}  // namespace moonlab
