// Arrays and scalars of NumPy as they stand in pickles.
#pragma once

#include "host/weights/call_arguments.hpp"

namespace moonlab::weights {

/// The tensor of numpy.core.multiarray._reconstruct, from the state given to it: (version, shape, dtype, fortran,
/// bytes).
at::Tensor numpy_array(const Value* state, CopyBudget& budget);

/// The number of numpy.core.multiarray.scalar(dtype, bytes).
Value numpy_scalar(const CallArguments& arguments);

}  // namespace moonlab::weights
