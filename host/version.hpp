// Which program this is, as runs write it down.
#pragma once

#include <string>

namespace moonlab {

std::string version();        // "0.1.0"
std::string torch_version();  // of the LibTorch that it was built against: "2.13.0"

}  // namespace moonlab
