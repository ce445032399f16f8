// Threads that make the batches of an epoch ahead of who asks for them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "host/data/batch.hpp"
#include "host/data/transform.hpp"
#include "host/thread/worker.hpp"

namespace moonlab::data {

/// Batches come in their order, whichever worker made them; at most two for each worker wait ahead. Everything that a
/// worker touches is owned by it too: letting go in the middle of an epoch waits for nobody.
class BatchWorkers {
 public:
  /// Makes batch `number` with the worker's own transform (nullptr where the maker gives none); calls `go_on` between
  /// samples, which throws where nobody wants the batch any more.
  using Make = std::function<Batch(int64_t number, Transform* transform, const std::function<void()>& go_on)>;

  /// How many there are where nobody says: as many as operators have threads, from 2 to 8.
  static int64_t usual();

  BatchWorkers(TransformMaker transform, int64_t workers);
  ~BatchWorkers();
  BatchWorkers(const BatchWorkers&) = delete;

  /// From now on the batches first .. last-1 of `make`; what is under way is dropped.
  void begin(Make make, int64_t first, int64_t last);
  /// The next one. Throws what making it threw, and Interrupted where the user interrupts the wait.
  Batch next();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<thread::Worker>> workers_;
};

}  // namespace moonlab::data
