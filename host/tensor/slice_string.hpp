// Slice strings: "1:, ..., None, ::2".
#pragma once

#include <ATen/TensorIndexing.h>

#include <memory>
#include <string_view>
#include <vector>

namespace moonlab {

/// The terms of a slice string as parse_slice describes them, from a cache of this thread. The reference holds until the
/// next call; who may be interrupted by a script's function (a hook) copies the pointer.
const std::shared_ptr<const std::vector<at::indexing::TensorIndex>>& cached_terms(std::string_view text);

}  // namespace moonlab
