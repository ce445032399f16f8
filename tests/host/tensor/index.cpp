#include "host/tensor/index.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "host/error.hpp"
#include "host/tensor/autograd.hpp"

using at::indexing::TensorIndex;
using moonlab::get;
using moonlab::parse_slice;
using moonlab::set;
using Terms = std::vector<TensorIndex>;

namespace {

/// 0 1 2 3 / 4 5 6 7 / 8 9 10 11
at::Tensor table() { return at::arange(12).to(at::kFloat).view({3, 4}); }
at::Tensor longs(std::vector<int64_t> values) { return at::tensor(values, at::kLong); }
at::Tensor mask(std::vector<int64_t> values) { return longs(values).to(at::kBool); }

std::vector<double> values(const at::Tensor& x) {
  at::Tensor flat = x.detach().to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

using Values = std::vector<double>;
using Shape = std::vector<int64_t>;

/// Both forms agree.
at::Tensor at_slice(const at::Tensor& x, std::string_view text) {
  at::Tensor part = get(x, parse_slice(text)), quick = get(x, text);
  CHECK(at::equal(part, quick));
  return quick;
}

template <class F>
std::string error(F&& work) {
  try {
    work();
  } catch (const moonlab::Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("slice strings select as in Python") {
  const auto x = table();
  CHECK(values(at_slice(x, "1")) == Values{4, 5, 6, 7});
  CHECK(values(at_slice(x, "-1, 2")) == Values{10});
  CHECK(at_slice(x, "-1, 2").dim() == 0);
  CHECK(values(at_slice(x, "1:, ::2")) == Values{4, 6, 8, 10});
  CHECK(values(at_slice(x, ":-1,-1")) == Values{3, 7});
  CHECK(values(at_slice(x, " ... , +1 ")) == Values{1, 5, 9});
  CHECK(values(at_slice(x, "0,")) == Values{0, 1, 2, 3});
  CHECK(at_slice(x, "None, ..., None").sizes() == Shape{1, 3, 4, 1});
  CHECK(at_slice(x, "1:, None, True").sizes() == Shape{2, 1, 1, 4});
  CHECK(at_slice(x, "False").sizes() == Shape{0, 3, 4});
  CHECK(at_slice(x, "5:").sizes() == Shape{0, 4});  // ranges are cut, not refused
  CHECK(values(at_slice(at::scalar_tensor(3), "...")) == Values{3});
  CHECK(at_slice(at::scalar_tensor(3), "None").sizes() == Shape{1});
}

TEST_CASE("a string that was parsed before gives the same terms") {
  for (int i = 0; i < 2000; ++i) {  // more than the cache holds
    const auto text = std::to_string(i) + ":" + std::to_string(i + 3) + ":2";
    for (int again = 0; again < 2; ++again) {
      const Terms terms = parse_slice(text);
      REQUIRE(terms.size() == 1);
      CHECK(terms[0].slice().start() == i);
      CHECK(terms[0].slice().stop() == i + 3);
      CHECK(terms[0].slice().step() == 2);
    }
  }
}

TEST_CASE("slice strings that are none say why") {
  auto why = [](std::string_view text) { return error([&] { parse_slice(text); }); };
  CHECK(why("::-1") == "slice '::-1': a step must be positive, got -1; x:flip(dim) reverses a dim");
  CHECK(why("::0") == "slice '::0': a step must be positive, got 0; x:flip(dim) reverses a dim");
  CHECK(why("1:x") == "slice '1:x': 'x' is no term; an integer, a range a:b:step, '...', None, True or False is");
  CHECK(why("") == "slice '': a term is missing");
  CHECK(why("1,,2") == "slice '1,,2': a term is missing");
  CHECK(why("1:2:3:4") == "slice '1:2:3:4': the range '1:2:3:4' has more than start, end and step");
  CHECK(why("99999999999999999999") == "slice '99999999999999999999': 99999999999999999999 does not fit 64 bits");
}

TEST_CASE("one integer is a view of a row") {
  const auto x = table();
  CHECK(values(get(x, 2)) == Values{8, 9, 10, 11});
  CHECK(values(get(x, -3)) == Values{0, 1, 2, 3});
  get(x, 0).fill_(5);
  CHECK(values(get(x, 0)) == Values{5, 5, 5, 5});
  CHECK(get(x, Terms{}).is_same(x));
}

TEST_CASE("masks and index tensors gather") {
  const auto x = table();
  CHECK(values(get(x, Terms{mask({1, 0, 1})})) == Values{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(values(get(x, Terms{x.gt(8)})) == Values{9, 10, 11});
  CHECK(values(get(x, Terms{longs({2, 0, -1})})) == Values{8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(values(get(x, Terms{longs({0, 2}), longs({1, 3})})) == Values{1, 11});
  CHECK(values(get(x, Terms{longs({0, 2}).view({2, 1}), longs({1, 3})})) == Values{1, 3, 9, 11});
  CHECK(values(get(x, Terms{at::indexing::Slice(1), longs({3, 0})})) == Values{7, 4, 11, 8});
  CHECK(values(get(x, Terms{1, longs({3, 0})})) == Values{7, 4});
  CHECK(get(x, Terms{longs({0, 1}), at::indexing::None, 2}).sizes() == Shape{2, 1});
  CHECK(get(x, Terms{at::indexing::Ellipsis, mask({1, 0, 0, 1})}).sizes() == Shape{3, 2});
  CHECK(values(get(x, Terms{at::scalar_tensor(1, at::kLong)})) == Values{4, 5, 6, 7});
  // the old form of a mask
  CHECK(values(get(x, Terms{mask({0, 1, 0}).to(at::kByte)})) == Values{4, 5, 6, 7});
}

TEST_CASE("errors state the valid range") {
  const auto x = table();
  CHECK(error([&] { get(x, 5); }) == "index 5 is out of range for dim 0 of size 3 (valid: -3 to 2)");
  CHECK(error([&] { get(x, -4); }) == "index -4 is out of range for dim 0 of size 3 (valid: -3 to 2)");
  CHECK(error([&] { at_slice(x, "..., 4"); }) == "index 4 is out of range for dim 1 of size 4 (valid: -4 to 3)");
  CHECK(error([&] { at_slice(x, "0, None, -5"); }) == "index -5 is out of range for dim 1 of size 4 (valid: -4 to 3)");
  CHECK(error([&] { get(x, Terms{longs({0, 7})}); }) == "index 7 is out of range for dim 0 of size 3 (valid: -3 to 2)");
  CHECK(error([&] {
          get(x, Terms{at::indexing::Slice(), longs({0, -9})});
        }) == "index -9 is out of range for dim 1 of size 4 (valid: -4 to 3)");
  CHECK(error([&] { get(at::zeros({0, 2}), 0); }) == "index 0 is out of range for dim 0 of size 0 (valid: none)");
  CHECK(error([&] { at_slice(x, "0, 0, 0"); }) == "too many indices: tensor of 2 dims, got 3");
  CHECK(error([&] { get(at::scalar_tensor(1), 0); }) == "a 0-dim tensor has no dims to index; x:item() is its number");
  CHECK(error([&] { at_slice(x, "..., ..."); }) == "an index can hold one '...', got 2");
  CHECK(error([&] {
          get(x, Terms{mask({1, 0})});
        }) == "mask of shape [2] does not fit shape [3, 4]: dim 0 has size 3, not 2");
  CHECK(error([&] { get(x, Terms{at::zeros({2})}); }) ==
        "an index tensor must be int64 or int32, a mask bool, got float32[2] cpu");
}

TEST_CASE("assignment broadcasts and casts") {
  auto x = table();
  set(x, parse_slice("1:, 0"), c10::Scalar(-1));
  CHECK(values(x) == Values{0, 1, 2, 3, -1, 5, 6, 7, -1, 9, 10, 11});
  set(x, Terms{0}, longs({7, 8, 9, 10}));  // int64 into float32
  CHECK(values(get(x, 0)) == Values{7, 8, 9, 10});
  set(x, Terms{at::indexing::Ellipsis}, at::zeros({1, 1, 1}));  // leading ones are dropped
  CHECK(values(x.sum()) == Values{0});
  set(x, Terms{longs({0, 2})}, at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble));  // cast through an index tensor too
  CHECK(values(x) == Values{1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4});
  set(x, Terms{x.eq(0)}, c10::Scalar(9));
  CHECK(values(get(x, 1)) == Values{9, 9, 9, 9});
  set(x, Terms{2}, c10::Scalar(0.5));
  CHECK(values(get(x, 2)) == Values{0.5, 0.5, 0.5, 0.5});
  set(x, Terms{}, c10::Scalar(3));
  CHECK(values(x.sum()) == Values{36});
  set(x, Terms{false}, c10::Scalar(5));  // selects nothing
  CHECK(values(x.sum()) == Values{36});

  auto whole = longs({1, 2, 3});
  set(whole, Terms{0}, c10::Scalar(1.7));  // cut, as PyTorch cuts
  set(whole, Terms{longs({1})}, at::tensor({2.9}, at::kDouble));
  CHECK(values(whole) == Values{1, 2, 3});
  auto number = at::scalar_tensor(1);
  set(number, Terms{at::indexing::Ellipsis}, c10::Scalar(4));
  CHECK(values(number) == Values{4});
}

TEST_CASE("assignment of what does not fit says both shapes") {
  auto x = table();
  const auto five = at::zeros({5});
  CHECK(error([&] { set(x, Terms{0}, five); }) == "cannot assign a tensor of shape [5] to a part of shape [4]");
  CHECK(error([&] { set(x, Terms{3}, five); }) == "index 3 is out of range for dim 0 of size 3 (valid: -3 to 2)");
  CHECK(error([&] { set(x, Terms{longs({3})}, at::zeros({4})); }) ==
        "index 3 is out of range for dim 0 of size 3 (valid: -3 to 2)");
  CHECK(values(x) == values(table()));
}

TEST_CASE("gradients flow through reading") {
  const auto x = table().to(at::kDouble).set_requires_grad(true);
  auto grad = [&](const at::Tensor& part) {
    return values(moonlab::gradients({part.sum()}, {x}, {}, {}, false, false)[0]);
  };
  CHECK(grad(get(x, 1)) == Values{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0});
  CHECK(grad(at_slice(x, "::2, 1:3")) == Values{0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0});
  // an element read twice counts twice
  CHECK(grad(get(x, Terms{longs({0, 0, 2}), longs({1, 1, 3})})) == Values{0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(grad(get(x, Terms{x.detach().lt(2)})) == Values{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("gradients flow through assignment") {
  const auto x = table().to(at::kDouble).set_requires_grad(true);
  const auto value = at::ones({4}, at::kFloat).set_requires_grad(true);
  const auto weights = at::arange(1, 13).to(at::kDouble).view({3, 4});
  struct Case {
    Terms terms;
    Values around, into;
  };
  const Case cases[] = {
      {Terms{1}, {1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12}, {5, 6, 7, 8}},
      {parse_slice("1:"), {1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}, {14, 16, 18, 20}},
      {Terms{longs({2, 0})}, {0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0}, {10, 12, 14, 16}},
      {Terms{mask({0, 0, 1})}, {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}, {9, 10, 11, 12}},
  };
  for (const Case& c : cases) {
    at::Tensor y = x * 1;
    set(y, c.terms, value);
    const auto grads = moonlab::gradients({(y * weights).sum()}, {x, value}, {}, {}, false, false);
    CHECK(values(grads[0]) == c.around);
    CHECK(values(grads[1]) == c.into);
    CHECK(grads[1].scalar_type() == at::kFloat);
  }
  // one number into a part: all of the part's gradient
  const auto number = at::scalar_tensor(2.0, at::kDouble).set_requires_grad(true);
  at::Tensor y = x * 1;
  set(y, parse_slice(":, 0"), number);
  CHECK(values(moonlab::gradients({(y * weights).sum()}, {number}, {}, {}, false, false)[0]) == Values{1 + 5 + 9});
  // a leaf that wants gradients cannot be changed in place, as in PyTorch
  at::Tensor changed = x;
  CHECK_THROWS_WITH(set(changed, Terms{0}, c10::Scalar(1)), Catch::Contains("leaf"));
}
