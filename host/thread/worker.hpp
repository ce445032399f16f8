// Threads beside the main one that can be asked to stop and never outlive the program's orderly end.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace moonlab::thread {

/// A running or ended thread. It computes with one thread of its own, hears no signal of the user (the main thread
/// does), and draws random numbers from a generator of its own.
class Worker {
 public:
  /// Runs `body` on a new thread, which draws from `seed`. An exception that leaves the body is lost: it reports by
  /// its own means.
  static std::shared_ptr<Worker> start(std::function<void()> body, uint64_t seed);
  Worker(const Worker&) = delete;

  /// Asks it to stop: its interrupts() count, so that operators, waits and long loops give up, system calls that wait
  /// return, and what on_stop set runs. Asking again helps where code caught the first.
  void stop() noexcept;
  bool asked_to_stop() const noexcept { return asked_ > 0; }

  /// Whether it ended within so many seconds. Throws Interrupted where the waiting thread is interrupted meanwhile.
  bool wait(double seconds);
  bool ended() const noexcept;

  /// On a worker's thread: what stop() runs there, inside a signal handler; nullptr: nothing.
  static void on_stop(void (*handler)(void*), void* argument) noexcept;
  /// Whether the calling thread is a worker.
  static bool inside() noexcept;

  /// Stops every worker there is and waits for them, at most `seconds`; how many did not end (they run compiled code
  /// that calls nothing, or one very long operator). Call it before anything that threads may use goes away.
  static size_t stop_all(double seconds) noexcept;

 private:
  Worker() = default;
  void run(const std::function<void()>& body, uint64_t seed);
  void join();

  std::thread thread_;
  std::atomic<int> asked_{0};
  mutable std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false, joined_ = false;
};

}  // namespace moonlab::thread
