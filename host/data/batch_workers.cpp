#include "host/data/batch_workers.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "host/error.hpp"
#include "host/interrupt.hpp"

namespace moonlab::data {

namespace {

constexpr std::chrono::milliseconds kLook{50};  // a signal wakes no condition variable

struct Dropped : Error {
  Dropped() : Error("nobody wants this batch any more") {}
};

}  // namespace

struct BatchWorkers::Shared {
  struct Result {
    std::optional<Batch> batch;
    std::string error;
  };
  TransformMaker transform;
  int64_t ahead;
  std::atomic<int64_t> epoch{0};  // counts begin(): what belongs to an older one is dropped

  std::mutex mutex;
  std::condition_variable work, done;
  std::shared_ptr<const Make> make;
  int64_t next = 0, last = 0, asked = 0;
  std::map<int64_t, Result> results;

  void run() {
    std::unique_ptr<Transform> own;
    std::string broken;  // a transform that cannot be made fails every batch
    try {
      own = transform();
    } catch (const std::exception& e) {
      broken = e.what();
    }
    while (true) {
      std::unique_lock lock(mutex);
      while (next >= last || next >= asked + ahead) {
        poll_interrupt();  // asked to stop: leaves by this exception
        work.wait_for(lock, kLook);
      }
      const int64_t number = next++, mine = epoch;
      const auto recipe = make;
      lock.unlock();
      Result result{std::nullopt, broken};
      if (broken.empty()) try {
          result.batch = (*recipe)(number, own.get(), [&] {
            poll_interrupt();
            if (epoch != mine) throw Dropped();
          });
        } catch (const std::exception& e) {
          result.error = e.what();
        }
      lock.lock();
      if (epoch != mine) continue;
      results[number] = std::move(result);
      done.notify_all();
    }
  }
};

int64_t BatchWorkers::usual() { return std::clamp<int64_t>(at::get_num_threads(), 2, 8); }

BatchWorkers::BatchWorkers(TransformMaker transform, int64_t workers) : shared_(std::make_shared<Shared>()) {
  shared_->transform = std::move(transform);
  shared_->ahead = 2 * workers;
  for (int64_t i = 0; i < workers; ++i)
    workers_.push_back(thread::Worker::start([shared = shared_] { shared->run(); }, 0));
}

BatchWorkers::~BatchWorkers() {
  ++shared_->epoch;
  for (auto& worker : workers_) worker->stop();
  shared_->work.notify_all();
}

void BatchWorkers::begin(Make make, int64_t first, int64_t last) {
  {
    std::lock_guard lock(shared_->mutex);
    ++shared_->epoch;
    shared_->results.clear();
    shared_->make = std::make_shared<const Make>(std::move(make));
    shared_->next = shared_->asked = first;
    shared_->last = last;
  }
  shared_->work.notify_all();
}

Batch BatchWorkers::next() {
  Shared& s = *shared_;
  std::unique_lock lock(s.mutex);
  while (!s.results.count(s.asked)) {
    poll_interrupt();
    s.done.wait_for(lock, kLook);
  }
  auto found = s.results.extract(s.asked);
  ++s.asked;
  lock.unlock();
  s.work.notify_all();
  if (!found.mapped().batch) fail(found.mapped().error);
  return std::move(*found.mapped().batch);
}

}  // namespace moonlab::data
