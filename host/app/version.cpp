#include "host/app/version.hpp"

extern "C" {
#include <luajit.h>
}

#include "host/version.hpp"

namespace moonlab::app {

std::string version_line() {
  return "Moonlab " + version() + " (LibTorch " + torch_version() + ", " + LUAJIT_VERSION + ")";
}

}  // namespace moonlab::app
