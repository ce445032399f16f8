#include "host/balance/surgery.hpp"

#include "gradients.hpp"

using namespace moonlab;
using namespace moonlab::balance;

namespace {

Orders orders(const Json& j) { return j.get<Orders>(); }
const Orders kOrders{{1, 2}, {0, 2}, {1, 0}}, kReversed{{2, 1}, {2, 0}, {0, 1}};

at::Tensor combined(Balance& b, const std::vector<std::vector<double>>& values) {
  return b.combine(TaskGradients(rows(values)))[0];
}

}  // namespace

TEST_CASE("known answer 003-07: three gradients projected in given orders, sum and mean") {
  Json c = known_answer("003-07");
  if (c.is_null()) return;
  const Json &in = c["input"], &out = c["expected"];
  TaskGradients g(rows_of(in["grads"]));
  PcGrad sum(Part::whole, false, 1), mean(Part::whole, true, 1);
  sum.set_orders(orders(in["orders"]));
  mean.set_orders(orders(in["orders"]));
  auto each = sum.balance(g);
  for (size_t i = 0; i < 3; ++i) check(each[i][0], out["projected"][i]);
  check(sum.combine(g)[0], out["sum"]);
  check(mean.combine(g)[0], out["mean"]);
  sum.set_orders(orders(in["orders_2"]));
  each = sum.balance(g);
  for (size_t i = 0; i < 3; ++i) check(each[i][0], out["projected_2"][i]);
  check(sum.combine(g)[0], out["sum_2"]);
  // the first step of GradVac, whose targets are 0, agrees
  GradVac vac(Part::whole, false, 1, 0.01, true);
  vac.set_orders(orders(in["orders"]));
  check(vac.combine(g)[0], out["sum"]);
}

// 003-08: what there is to see with two tasks.
TEST_CASE("two tasks: a conflict is projected away from both, agreement is left alone") {
  PcGrad p(Part::whole, false, 1);
  auto each = p.balance(TaskGradients(rows({{1, 0}, {-1, 1}})));
  check(each[0][0], {0.5, 0.5});
  check(each[1][0], {0, 1});
  check(combined(p, {{1, 0}, {1, 1}}), {2, 1});
  check(combined(p, {{1, 0}, {0, 1}}), {1, 1});
  check(combined(p, {{1, 2}, {0, 0}}), {1, 2});
  // exactly opposite ones cancel
  check(combined(p, {{1, 2}, {-2, -4}}), {0, 0}, 1e-12);
}

TEST_CASE("a tensor at a time, each has its own conflicts") {
  PcGrad p(Part::tensor, false, 1);
  p.set_orders(kOrders);
  auto sum = p.combine(TaskGradients(split_rows(kFirst)));
  check(sum[0], {0.687772925764, -0.558296943231}, 1e-10);
  check(sum[1], {1.5}, 1e-10);
}

// 003-09: three steps of GradVac.
TEST_CASE("targets of GradVac follow the cosines, always or only where a gradient was turned") {
  const std::vector<double> first{-0.151580547112, 0.261854103343, 2.352097264438};
  GradVac always(Part::whole, false, 1, 0.5, true), applied(Part::whole, false, 1, 0.5, false);
  GradVac slow(Part::whole, false, 1, 0.01, true);
  for (GradVac* v : {&always, &applied, &slow}) {
    v->set_orders(kOrders);
    check(combined(*v, kFirst), first, 1e-10);
    v->set_orders(kReversed);
  }
  check(combined(slow, kSecond), {2.241928091596, 0.733982797244, 1.445917371918}, 1e-10);
  check(combined(always, kSecond), {1.601235726995, 0.521576827989, 1.480707521652}, 1e-10);
  check(always.targets(),
        {0, -0.347096119513, 0.008340638172, -0.369997514229, 0, -0.441735649505, 0.007520161284, -0.463982519419, 0},
        1e-10);
  check(combined(applied, kSecond), {1.601235726995, 0.521576827989, 1.480707521652}, 1e-10);
  check(applied.targets(),
        {0, -0.347096119513, -0.047745526056, -0.369997514229, 0, -0.441735649505, -0.049386479832, -0.463982519419, 0},
        1e-10);
  always.set_orders(kOrders);
  check(combined(always, kFirst), {0.027350994108, -0.163617324588, 1.894163390618}, 1e-10);
}

TEST_CASE("targets near 1 and gradients without a direction give finite updates") {
  GradVac v(Part::whole, false, 1, 1, true);
  combined(v, {{1, 0}, {1, 0}});  // the cosine 1 becomes the target
  CHECK(combined(v, {{1, 0}, {0, 1}}).isfinite().all().item<bool>());
  check(combined(v, {{1, 0}, {0, 0}}), {1, 0});
}

TEST_CASE("random orders come from the seed, go on from a state, and are not the tasks' own order alone") {
  auto run = [](PcGrad& p) {
    std::vector<double> values;
    for (int i = 0; i < 12; ++i) values.push_back(combined(p, kFirst)[0].item<double>());
    return values;
  };
  PcGrad a(Part::whole, false, 5), b(Part::whole, false, 5), c(Part::whole, false, 6);
  const auto first = run(a);
  CHECK(first == run(b));
  CHECK(first != run(c));
  c.set_state(a.state());
  CHECK(run(a) == run(c));
  CHECK(*std::max_element(first.begin(), first.end()) > *std::min_element(first.begin(), first.end()));
}

TEST_CASE("orders that do not fit are refused") {
  PcGrad p(Part::whole, false, 1);
  p.set_orders({{1}, {1}});
  CHECK_THROWS_WITH(combined(p, {{1}, {2}}), "balance: task 1 cannot meet task 1 of 2");
  p.set_orders({{1}});
  CHECK_THROWS_WITH(combined(p, {{1}, {2}}), "balance: 1 orders for 2 tasks");
  p.set_orders({});
  check(combined(p, {{1}, {2}}), {3});
  CHECK_THROWS_WITH(GradVac(Part::whole, false, 1, 2, true), "gradvac: beta must be in [0, 1], got 2");
}
