// What the tests of balancing share: vectors, lists of gradients, comparisons.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "host/balance/balance.hpp"
#include "oracle.hpp"

namespace moonlab::balance {

inline at::Tensor vector(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

inline void check(const at::Tensor& got, const std::vector<double>& wanted, double tolerance = 1e-6) {
  at::Tensor flat = got.to(at::kDouble).reshape(-1);
  REQUIRE(flat.numel() == static_cast<int64_t>(wanted.size()));
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(near(flat[i].item<double>(), wanted[i], tolerance));
}

/// One parameter; a row for each task.
inline std::vector<Tensors> rows(const std::vector<std::vector<double>>& values) {
  std::vector<Tensors> by_task;
  for (const auto& row : values) by_task.push_back({vector(row)});
  return by_task;
}

inline std::vector<Tensors> rows_of(const Json& values) { return rows(values.get<std::vector<std::vector<double>>>()); }

/// Two parameters: the first two numbers of each row, and the rest.
inline std::vector<Tensors> split_rows(const std::vector<std::vector<double>>& values) {
  std::vector<Tensors> by_task;
  for (const auto& row : values) by_task.push_back({vector({row[0], row[1]}), vector({row.begin() + 2, row.end()})});
  return by_task;
}

/// Two steps of three tasks that conflict, for answers computed apart in float64.
inline const std::vector<std::vector<double>> kFirst{{1, 0, 0.5}, {-1, 1, 0}, {0.2, -1.5, 1}};
inline const std::vector<std::vector<double>> kSecond{{0.5, -1, 0.25}, {1, 1, -1}, {-0.3, 0.2, 2}};

}  // namespace moonlab::balance
