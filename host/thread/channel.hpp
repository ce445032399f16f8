// A queue between threads.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "host/thread/parcel.hpp"

namespace moonlab::thread {

/// First in, first out; any number of threads may push and pop. Waits end early where the waiting thread is interrupted
/// (host/interrupt.hpp): they throw Interrupted, or go on where the interrupt means "finish the step".
class Channel {
 public:
  enum class Outcome { kDone, kTimeout, kClosed };

  /// Holds at most `capacity` parcels; 0: as many as memory holds.
  explicit Channel(size_t capacity = 0) : capacity_(capacity) {}

  /// Waits, at most `seconds`, until there is room. The parcel is taken only where it is kDone. kClosed: close() came
  /// before or meanwhile.
  Outcome push(Parcel& parcel, double seconds);

  /// Waits, at most `seconds`, for the next parcel. kClosed: closed, and empty by now.
  Outcome pop(std::optional<Parcel>& parcel, double seconds);

  /// Nothing more can be pushed; what is inside can still be popped. Wakes everybody who waits.
  void close();

  bool closed() const;
  size_t size() const;
  size_t capacity() const { return capacity_; }

 private:
  template <class Ready>
  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, double seconds, Ready ready);

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable more_, less_;
  std::deque<Parcel> queue_;
  bool closed_ = false;
};

}  // namespace moonlab::thread
