// Ctrl-C and SIGTERM as a flag that loops poll. Setting it is safe inside a signal handler.
#pragma once

namespace moonlab {

/// How often the user asked to stop since the last clear. Async-signal-safe to raise.
void raise_interrupt() noexcept;
int interrupts() noexcept;
void clear_interrupts() noexcept;

/// Throws Interrupted where an interrupt is pending. Call it once a block of work in loops that may take over 0.1 s.
void poll_interrupt();

}  // namespace moonlab
