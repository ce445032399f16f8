#include "host/thread/channel.hpp"

#include <algorithm>
#include <chrono>

#include "host/interrupt.hpp"

namespace moonlab::thread {

// A signal wakes no condition variable: so often a wait looks for an interrupt.
static constexpr std::chrono::milliseconds kLook{50};

template <class Ready>
bool Channel::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, double seconds, Ready ready) {
  using Clock = std::chrono::steady_clock;
  // a year is for ever, and does not overflow the clock
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(std::clamp(seconds, 0.0, 3e7)));
  while (!ready()) {
    poll_interrupt();
    const auto now = Clock::now();
    if (now >= until) return false;
    changed.wait_until(lock, std::min(until, now + kLook));
  }
  return true;
}

Channel::Outcome Channel::push(Parcel& parcel, double seconds) {
  std::unique_lock lock(mutex_);
  if (!wait(lock, less_, seconds, [&] { return closed_ || capacity_ == 0 || queue_.size() < capacity_; }))
    return Outcome::kTimeout;
  if (closed_) return Outcome::kClosed;
  queue_.push_back(std::move(parcel));
  lock.unlock();
  more_.notify_one();
  return Outcome::kDone;
}

Channel::Outcome Channel::pop(std::optional<Parcel>& parcel, double seconds) {
  std::unique_lock lock(mutex_);
  if (!wait(lock, more_, seconds, [&] { return closed_ || !queue_.empty(); })) return Outcome::kTimeout;
  if (queue_.empty()) return Outcome::kClosed;
  parcel = std::move(queue_.front());
  queue_.pop_front();
  lock.unlock();
  less_.notify_one();
  return Outcome::kDone;
}

void Channel::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  more_.notify_all();
  less_.notify_all();
}

bool Channel::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

size_t Channel::size() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace moonlab::thread
