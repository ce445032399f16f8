#include "host/tensor/memory.hpp"

#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "host/tensor/cpu_memory.hpp"
#include "host/tensor/profiler.hpp"

using namespace moonlab;

TEST_CASE("bytes of tensors are counted from their allocation to their release, views once") {
  count_cpu_memory();
  const int64_t before = cpu_bytes();
  {
    at::Tensor x = at::empty({1 << 20}, at::kFloat);
    const int64_t held = cpu_bytes() - before;
    CHECK(held >= 4 << 20);
    CHECK(held < 6 << 20);
    at::Tensor view = x.view({1 << 10, 1 << 10});
    CHECK(cpu_bytes() - before == held);
    x.resize_({1 << 21});
    CHECK(cpu_bytes() - before >= 8 << 20);
  }
  CHECK(cpu_bytes() == before);
  CHECK(cpu_peak() >= before + (8 << 20));
}

TEST_CASE("an allocation above the limit raises, and one below it does not") {
  count_cpu_memory();
  set_cpu_limit(cpu_bytes() + (4 << 20));
  CHECK_THROWS_AS(at::empty({1 << 21}, at::kFloat), c10::OutOfMemoryError);
  CHECK_NOTHROW(at::empty({1 << 18}, at::kFloat));
  set_cpu_limit(0);
  CHECK(cpu_limit() == 0);
  CHECK_NOTHROW(at::empty({1 << 21}, at::kFloat));
  CHECK_THROWS_AS(at::empty({int64_t{1} << 50}, at::kFloat), c10::OutOfMemoryError);
}

TEST_CASE("the governor asks for a collection where graphs hold much, though the script holds little") {
  Governor governor;
  const at::Tensor held = at::zeros({1});
  const void* key = governor.hold(held);
  CHECK_FALSE(governor.over());
  const at::Tensor hidden = at::empty({100 << 20}, at::kFloat);  // 400 MB that no script holds
  CHECK(governor.over());
  governor.collected(0);
  CHECK_FALSE(governor.over());
  const at::Tensor more = at::empty({100 << 20}, at::kFloat);
  CHECK(governor.over());
  governor.release(key);
  CHECK(governor.storages() == 0);
}

TEST_CASE("a profile ends with its recorder, and one at a time records") {
  {
    Profiler first({});
    CHECK_THROWS_AS(Profiler({}), Error);
    at::ones({2}) + 1;
    const Profile p = first.stop();
    CHECK(p.calls >= 2);
    CHECK(p.events.size() == static_cast<size_t>(p.calls));
  }
  Profiler second({.shapes = true});
  at::mm(at::ones({2, 3}), at::ones({3, 4}));
  bool found = false;
  for (const auto& row : second.stop().rows) found |= row.name == "mm" && row.shapes == "[2, 3], [3, 4]";
  CHECK(found);
}
