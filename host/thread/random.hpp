// Random numbers of worker threads.
#pragma once

#include <cstdint>

namespace moonlab::thread {

/// Gives the calling thread a default CPU generator of its own, started from `seed`: operators that are given no
/// generator draw from it, torch.manual_seed restarts it, and the main thread's random numbers do not depend on what
/// workers draw. Called again, it restarts.
void own_default_generator(uint64_t seed);

}  // namespace moonlab::thread
