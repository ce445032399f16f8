#include "host/interrupt.hpp"

#include <csignal>

#include "host/error.hpp"

namespace moonlab {

static volatile std::sig_atomic_t pending = 0;
static volatile std::sig_atomic_t finishing = 0;

void raise_interrupt() noexcept { pending = pending + 1; }
int interrupts() noexcept { return pending; }
void clear_interrupts() noexcept { pending = 0; }

void on_interrupt(Interrupt wish) noexcept { finishing = wish == Interrupt::finish; }
Interrupt on_interrupt() noexcept { return finishing ? Interrupt::finish : Interrupt::stop; }

void poll_interrupt() {
  if (pending && !finishing) throw Interrupted();
}

}  // namespace moonlab
