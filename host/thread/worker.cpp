#include "host/thread/worker.hpp"

#include <ATen/Parallel.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "host/interrupt.hpp"
#include "host/thread/random.hpp"

namespace moonlab::thread {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
// What wakes a worker out of a waiting system call and lets on_stop run. Ignored by default, so that a stray one that
// reaches a thread without a handler does no harm.
constexpr int kStopSignal = SIGURG;

struct Heard {
  bool worker = false;
  void (*handler)(void*) = nullptr;
  void* argument = nullptr;
};
thread_local Heard heard;

void on_signal(int) {
  if (heard.handler && interrupts()) heard.handler(heard.argument);
}

// Every worker that was started and is not known to have ended.
struct Workers {
  std::mutex mutex;
  std::vector<std::shared_ptr<Worker>> list;
};
Workers& workers() {
  static auto* all = new Workers;  // never destroyed: threads may end after static destruction began
  return *all;
}

// Statics of LibTorch and ours are about to go. This is the second line of defence: the program and os.exit call
// stop_all before they come here.
void at_exit(int code, void*) {
  if (Worker::stop_all(0.5) == 0) return;
  std::fflush(nullptr);
  ::_exit(code);
}

void prepare_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_handler = on_signal;  // without SA_RESTART: a read or a sleep returns
    sigemptyset(&action.sa_mask);
    ::sigaction(kStopSignal, &action, nullptr);
    ::on_exit(at_exit, nullptr);
  });
}

}  // namespace

std::shared_ptr<Worker> Worker::start(std::function<void()> body, uint64_t seed) {
  prepare_process();
  std::shared_ptr<Worker> worker(new Worker);
  auto& all = workers();
  std::lock_guard lock(all.mutex);
  // Each is asked once: one that ends after it was asked stays for the next start, as only joined threads may be dropped.
  std::erase_if(all.list, [](const auto& w) { return w->ended() && (w->join(), true); });
  // The new thread inherits the mask: signals of the user are the main thread's.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (int own : {kStopSignal, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&blocked, own);
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  struct Restore {
    sigset_t& mask;
    ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } restore{before};
  worker->thread_ = std::thread([worker, body = std::move(body), seed]() mutable {
    worker->run(body, seed);
    body = nullptr;
  });
  all.list.push_back(worker);
  return worker;
}

void Worker::run(const std::function<void()>& body, uint64_t seed) {
  ::pthread_setname_np(::pthread_self(), "moonlab-worker");
  hear_instead(&asked_);
  heard.worker = true;
  at::set_num_threads(1);
  own_default_generator(seed);
  try {
    body();
  } catch (const std::exception&) {
    // the body's business; a worker must not take the program with it
  }
  heard = {};
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  end_.notify_all();
}

void Worker::stop() noexcept {
  ++asked_;
  std::lock_guard lock(mutex_);
  if (!ended_ && thread_.joinable()) ::pthread_kill(thread_.native_handle(), kStopSignal);
}

bool Worker::wait(double seconds) {
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(std::clamp(seconds, 0.0, 3e7)));
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (end_.wait_until(lock, std::min(until, Clock::now() + kLook), [&] { return ended_; })) break;
    }
    poll_interrupt();
    if (Clock::now() >= until) return false;
    if (asked_to_stop()) stop();  // it may have caught the first, or have been just short of a wait
  }
  join();
  return true;
}

bool Worker::ended() const noexcept {
  std::lock_guard lock(mutex_);
  return ended_;
}

void Worker::join() {
  std::unique_lock lock(mutex_);
  if (joined_) return;
  joined_ = true;
  std::thread ending = std::move(thread_);
  lock.unlock();  // its last step may need the mutex
  ending.join();
}

void Worker::on_stop(void (*handler)(void*), void* argument) noexcept {
  heard.handler = nullptr;
  heard.argument = argument;
  heard.handler = handler;
}

bool Worker::inside() noexcept { return heard.worker; }

size_t Worker::stop_all(double seconds) noexcept {
  if (inside()) return 0;  // it would wait for itself
  std::vector<std::shared_ptr<Worker>> all;
  {
    std::lock_guard lock(workers().mutex);
    all = workers().list;
  }
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  size_t left = all.size();
  do {
    for (auto& worker : all)
      if (worker) worker->stop();
    for (auto& worker : all) {
      if (!worker) continue;
      std::unique_lock lock(worker->mutex_);
      if (!worker->end_.wait_for(lock, kLook, [&] { return worker->ended_; })) continue;
      lock.unlock();
      worker->join();
      worker = nullptr;
      --left;
    }
  } while (left > 0 && Clock::now() < until);
  return left;
}

}  // namespace moonlab::thread
