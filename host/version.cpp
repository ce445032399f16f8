#include "host/version.hpp"

#include <torch/version.h>

namespace moonlab {

std::string version() { return "0.1.0"; }
std::string torch_version() { return TORCH_VERSION; }

}  // namespace moonlab
