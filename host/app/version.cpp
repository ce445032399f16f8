#include "host/app/version.hpp"

extern "C" {
#include <luajit.h>
}

#include <torch/version.h>

namespace moonlab::app {

std::string version_line() {
  return std::string("Moonlab 0.1.0 (LibTorch ") + TORCH_VERSION + ", " + LUAJIT_VERSION + ")";
}

}  // namespace moonlab::app
