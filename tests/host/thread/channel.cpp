#include "host/thread/channel.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "host/error.hpp"
#include "host/interrupt.hpp"

using namespace moonlab;
using thread::Channel;
using thread::Parcel;
using Outcome = Channel::Outcome;

static Parcel number(double x) { return {{x}, {}}; }
static double number(const Parcel& p) { return std::get<double>(p.values.at(0)); }

TEST_CASE("a channel gives first what came first, and says when it is closed") {
  Channel channel;
  for (int i = 0; i < 3; ++i) {
    Parcel p = number(i);
    REQUIRE(channel.push(p, 0) == Outcome::kDone);
  }
  channel.close();
  Parcel late = number(9);
  REQUIRE(channel.push(late, 0) == Outcome::kClosed);
  REQUIRE(number(late) == 9);  // not taken
  std::optional<Parcel> got;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(channel.pop(got, 0) == Outcome::kDone);
    REQUIRE(number(*got) == i);
  }
  REQUIRE(channel.pop(got, 10) == Outcome::kClosed);
}

TEST_CASE("a bounded channel holds no more than its capacity") {
  Channel channel(1);
  Parcel a = number(1), b = number(2);
  REQUIRE(channel.push(a, 0) == Outcome::kDone);
  REQUIRE(channel.push(b, 0.02) == Outcome::kTimeout);
  REQUIRE(number(b) == 2);
  std::optional<Parcel> got;
  REQUIRE(channel.pop(got, 0) == Outcome::kDone);
  REQUIRE(channel.push(b, 0) == Outcome::kDone);
  REQUIRE(channel.size() == 1);
}

TEST_CASE("four threads push, three pop, and nothing is lost or doubled") {
  constexpr int kEach = 500;
  Channel channel(8);
  std::atomic<int64_t> sum{0}, count{0};
  std::vector<std::thread> pushing, popping;
  for (int t = 0; t < 4; ++t)
    pushing.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Parcel p{{thread::to_send(at::full({2}, t * kEach + i))}, {}};
        channel.push(p, 60);
      }
    });
  for (int t = 0; t < 3; ++t)
    popping.emplace_back([&] {
      std::optional<Parcel> got;
      while (channel.pop(got, 60) == Outcome::kDone) {
        sum += std::get<at::Tensor>(got->values[0])[0].item<int64_t>();
        ++count;
      }
    });
  for (auto& t : pushing) t.join();
  channel.close();
  for (auto& t : popping) t.join();
  constexpr int64_t n = 4 * kEach;
  REQUIRE(count == n);
  REQUIRE(sum == n * (n - 1) / 2);
}

TEST_CASE("closing wakes who waits; an interrupt ends a wait") {
  Channel channel;
  std::thread closing([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    channel.close();
  });
  std::optional<Parcel> got;
  REQUIRE(channel.pop(got, 60) == Outcome::kClosed);
  closing.join();
  Channel other;
  std::thread interrupting([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    raise_interrupt();
  });
  REQUIRE_THROWS_AS(other.pop(got, 60), Interrupted);
  interrupting.join();
  // a run that finishes its step goes on waiting
  on_interrupt(Interrupt::finish);
  REQUIRE(other.pop(got, 0.12) == Outcome::kTimeout);
  on_interrupt(Interrupt::stop);
  clear_interrupts();
}

TEST_CASE("a tensor is sent as another tensor on the same storage") {
  at::Tensor x = at::arange(4, at::kFloat).reshape({2, 2}).t();
  at::Tensor sent = thread::to_send(x);
  REQUIRE_FALSE(sent.is_same(x));
  REQUIRE(sent.is_alias_of(x));
  REQUIRE(sent.strides() == x.strides());
  sent.add_(1);
  REQUIRE(at::equal(sent, x));
  REQUIRE(sent._version() == x._version());

  at::Tensor leaf = at::ones({2}).set_requires_grad(true);
  at::Tensor other = thread::to_send(leaf);
  REQUIRE(other.requires_grad());
  REQUIRE(other.is_leaf());
  (other * 3).sum().backward();
  REQUIRE(other.grad().defined());
  REQUIRE_FALSE(leaf.grad().defined());
  REQUIRE_THROWS_WITH(thread::to_send(leaf * 2), Catch::Contains("x:detach()"));
}
