#include "host/interrupt.hpp"

#include <csignal>

#include "host/error.hpp"

namespace moonlab {

static volatile std::sig_atomic_t pending = 0;

void raise_interrupt() noexcept { pending = pending + 1; }
int interrupts() noexcept { return pending; }
void clear_interrupts() noexcept { pending = 0; }

void poll_interrupt() {
  if (pending) throw Interrupted();
}

}  // namespace moonlab
