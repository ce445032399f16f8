#include "host/interrupt.hpp"

#include "host/error.hpp"

namespace moonlab {

// lock-free, as a signal handler needs them
static std::atomic<int> pending{0};
static std::atomic<bool> finishing{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);
static thread_local const std::atomic<int>* own = nullptr;

void raise_interrupt() noexcept { ++pending; }
int interrupts() noexcept { return own ? own->load() : pending.load(); }
void clear_interrupts() noexcept {
  if (!own) pending = 0;
}

void on_interrupt(Interrupt wish) noexcept {
  if (!own) finishing = wish == Interrupt::finish;
}
Interrupt on_interrupt() noexcept { return !own && finishing ? Interrupt::finish : Interrupt::stop; }

void poll_interrupt() {
  if (interrupts() && on_interrupt() == Interrupt::stop) throw Interrupted();
}

void hear_instead(const std::atomic<int>* count) noexcept { own = count; }

}  // namespace moonlab
