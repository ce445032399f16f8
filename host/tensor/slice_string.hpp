// Slice strings: "1:, ..., None, ::2".
#pragma once

#include <ATen/TensorIndexing.h>

#include <memory>
#include <string_view>
#include <vector>

namespace moonlab {

/// The terms of a slice string as parse_slice describes them, shared with the cache: an entry that is dropped lives on
/// while somebody uses it.
std::shared_ptr<const std::vector<at::indexing::TensorIndex>> cached_terms(std::string_view text);

}  // namespace moonlab
