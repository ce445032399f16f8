// Ctrl-C and SIGTERM as a flag that loops poll. Setting it is safe inside a signal handler.
#pragma once

#include <atomic>

namespace moonlab {

/// How often the user asked to stop since the last clear. Async-signal-safe to raise. On a worker's thread
/// (host/thread/worker.hpp) interrupts() tells how often that worker was asked to stop, and the user's are not heard:
/// whoever waits for the worker hears them and stops it.
void raise_interrupt() noexcept;
int interrupts() noexcept;
void clear_interrupts() noexcept;

/// What the first interrupt asks for: to stop whatever runs at once (prompt, plain programs), or to finish the step and
/// save (a run: its training loop looks at interrupts() between two steps, and nothing inside a step gives up). A
/// worker always stops.
enum class Interrupt { stop, finish };
void on_interrupt(Interrupt wish) noexcept;
Interrupt on_interrupt() noexcept;

/// Throws Interrupted where an interrupt is pending and means stop. Call it once a block of work in loops that may take
/// over 0.1 s.
void poll_interrupt();

/// From now on the calling thread hears this count instead of the user's. It must outlive the thread.
void hear_instead(const std::atomic<int>* own) noexcept;

}  // namespace moonlab
