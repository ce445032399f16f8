#include "host/thread/worker.hpp"

#include <ATen/Parallel.h>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "host/interrupt.hpp"
#include "host/thread/random.hpp"

using namespace moonlab;
using thread::Worker;

TEST_CASE("a worker computes with one thread and leaves the main thread's number alone") {
  const int before = at::get_num_threads();
  std::atomic<int> threads{0};
  auto worker = Worker::start([&] { threads = at::get_num_threads(); }, 1);
  REQUIRE(worker->wait(60));
  REQUIRE(threads == 1);
  REQUIRE(at::get_num_threads() == before);
}

TEST_CASE("a worker draws random numbers of its own") {
  at::manual_seed(5);
  const at::Tensor expected = at::rand({3});
  at::manual_seed(5);
  at::Tensor first, again, other;
  Worker::start([&] { first = at::rand({3}); }, 7)->wait(60);
  Worker::start([&] { again = at::rand({3}); }, 7)->wait(60);
  Worker::start([&] { other = at::rand({3}); }, 8)->wait(60);
  REQUIRE(at::equal(first, again));
  REQUIRE_FALSE(at::equal(first, other));
  REQUIRE(at::equal(at::rand({3}), expected));  // nothing was drawn from the main thread's
}

TEST_CASE("workers that end while another starts are joined, not dropped") {
  // Dropping a thread that nobody joined ends the program; several that end at about the time of a start provoke it.
  std::atomic<int> ran{0};
  for (int i = 0; i < 20000; ++i) Worker::start([&] { ++ran; }, 1);
  REQUIRE(Worker::stop_all(60) == 0);
  REQUIRE(ran == 20000);
}

TEST_CASE("a stopped worker gives up in waits, loops and system calls") {
  struct Case {
    const char* name;
    void (*body)();
  };
  static const Case cases[] = {
      {"polling", [] {
         while (true) poll_interrupt();
       }},
      {"sleeping", [] {
         while (!interrupts()) ::sleep(60);
       }},
      {"stubborn", [] {
         for (int i = 0; i < 2; ++i) {
           try {
             while (true) poll_interrupt();
           } catch (const Interrupted&) {
           }
         }
       }},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    auto worker = Worker::start(c.body, 0);
    REQUIRE_FALSE(worker->wait(0.02));
    worker->stop();
    REQUIRE(worker->wait(20));
    REQUIRE(worker->asked_to_stop());
  }
}

TEST_CASE("a worker does not hear the user, who waits for it does") {
  auto worker = Worker::start([] {
    while (!interrupts()) std::this_thread::yield();
  }, 0);
  raise_interrupt();
  REQUIRE_THROWS_AS(worker->wait(20), Interrupted);
  clear_interrupts();
  REQUIRE_FALSE(worker->ended());
  worker->stop();
  REQUIRE(worker->wait(20));
}

TEST_CASE("stop_all ends every worker and counts those that do not react") {
  static std::atomic<bool> release{false};
  for (int i = 0; i < 4; ++i)
    Worker::start([] {
      while (true) poll_interrupt();
    }, 0);
  auto deaf = Worker::start([] {
    while (!release) std::this_thread::yield();
  }, 0);
  REQUIRE(Worker::stop_all(0.3) == 1);
  release = true;
  REQUIRE(deaf->wait(20));
  REQUIRE(Worker::stop_all(0) == 0);
}

TEST_CASE("an exception that leaves the body ends the worker alone") {
  auto worker = Worker::start([] { fail("lost"); }, 0);
  REQUIRE(worker->wait(20));
}
