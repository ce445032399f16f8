// The program's malloc.
#pragma once

namespace moonlab::app {

/// Lets the memory of large tensors stay with the program for a second after they are freed. A training step makes again
/// what the last one freed, and pages that were given back cost a fault each: a fifth of a step of DenseNet-121
/// (tests/bench/networks.lua). MIMALLOC_DECOMMIT_DELAY, where it is set, is left as it is. Without mimalloc: nothing.
void keep_freed_memory();

}  // namespace moonlab::app
