#include "host/metric/linkage.hpp"

#include <algorithm>
#include <limits>

#include "host/error.hpp"
#include "oracle.hpp"

using namespace moonlab;
using namespace moonlab::metric;

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

Rows rows_of(const std::vector<Merge>& merges) {
  Rows rows;
  for (const auto& m : merges)
    rows.push_back({static_cast<double>(m.left), static_cast<double>(m.right), m.height, static_cast<double>(m.size)});
  return rows;
}

Row list(const std::array<double, 4>& values) { return {values.begin(), values.end()}; }

const std::vector<double> kTied{0, 2, 2, 3, 5, 2, 0, 2, 3, 5, 2, 2, 0, 3, 1, 3, 3, 3, 0, 1, 5, 5, 1, 1, 0};

}  // namespace

TEST_CASE("known answer 001-19: average linkage") {
  Json c = known_answer("001-19");
  if (c.is_null()) return;
  std::vector<double> d;
  for (const auto& row : c["input"]["distance"])
    for (const auto& v : row) d.push_back(v);
  const auto rows = rows_of(linkage(d, 4, Linkage::average));
  REQUIRE(rows.size() == c["expected"]["linkage"].size());
  for (size_t i = 0; i < rows.size(); ++i)
    for (int j = 0; j < 4; ++j) CHECK(near(rows[i][j], c["expected"]["linkage"][i][j], c["tolerance"]));
}

TEST_CASE("merges of tied distances come in scipy's order") {
  CHECK(rows_of(linkage(kTied, 5, Linkage::single)) == Rows{{2, 4, 1, 2}, {3, 5, 1, 3}, {0, 1, 2, 2}, {6, 7, 2, 5}});
  CHECK(rows_of(linkage(kTied, 5, Linkage::complete)) == Rows{{2, 4, 1, 2}, {0, 1, 2, 2}, {3, 6, 3, 3}, {5, 7, 5, 5}});
  CHECK(rows_of(linkage(kTied, 5, Linkage::average)) ==
        Rows{{2, 4, 1, 2}, {0, 1, 2, 2}, {3, 5, 2, 3}, {6, 7, 10.0 / 3, 5}});
}

TEST_CASE("a dendrogram is laid out as scipy does it") {
  const auto merges = linkage(kTied, 5, Linkage::average);
  const auto plain = dendrogram(merges);
  CHECK(plain.order == std::vector<int64_t>{0, 1, 3, 2, 4});
  CHECK(dendrogram(merges, BranchOrder::ascending).order == std::vector<int64_t>{0, 1, 3, 2, 4});
  const auto down = dendrogram(merges, BranchOrder::descending);
  CHECK(down.order == std::vector<int64_t>{4, 2, 3, 1, 0});
  // scipy's icoord is 5 + 10 x
  REQUIRE(plain.links.size() == 4);
  CHECK(list(plain.links[3].x) == Row{0.5, 0.5, 2.75, 2.75});
  CHECK(list(plain.links[3].y) == Row{2, 10.0 / 3, 10.0 / 3, 2});
  CHECK(plain.links[2].cluster == 7);
  CHECK(list(down.links[1].x) == Row{0.5, 0.5, 2, 2});
  CHECK(list(down.links[1].y) == Row{1, 2, 2, 0});
}

TEST_CASE("a chain of many merges needs no deep stack") {
  constexpr int64_t k = 2000;
  std::vector<double> d(k * k);
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = 0; j < k; ++j) d[i * k + j] = i == j ? 0 : static_cast<double>(std::max(i, j));
  const auto merges = linkage(d, k, Linkage::single);
  CHECK(merges.back().size == k);
  CHECK(dendrogram(merges).order.size() == k);
}

TEST_CASE("linkage: too few items, and what is no matrix of distances") {
  CHECK(linkage({}, 0, Linkage::average).empty());
  CHECK(linkage({0}, 1, Linkage::single).empty());
  CHECK(dendrogram({}).order == std::vector<int64_t>{0});
  CHECK(rows_of(linkage({0, 7, 7, 0}, 2, Linkage::complete)) == Rows{{0, 1, 7, 2}});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(linkage({nan, 7, 7, nan}, 2, Linkage::complete).size() == 1);  // the diagonal is not read
  CHECK_THROWS_WITH(linkage({0, 1, 2}, 2, Linkage::average), "linkage: 2 items need 2 x 2 distances, got 3 numbers");
  CHECK_THROWS_WITH(linkage({0, nan, nan, 0}, 2, Linkage::average), "linkage: the distance of 0 and 1 is nan");
  CHECK_THROWS_WITH(linkage({0, 1, 2, 0}, 2, Linkage::average),
                    "linkage: distances are not symmetric: 1 from 0 to 1, but 2 back");
  CHECK_THROWS_WITH(linkage_named("avarage"), Catch::Contains("did you mean 'average'?"));
  CHECK_THROWS_WITH(branch_order_named("descend"), Catch::Contains("unknown order 'descend'"));
  CHECK_THROWS_WITH(dendrogram({{0, 1, 1, 2}, {1, 3, 2, 3}}),
                    "dendrogram: merge 1 joins cluster 1, which was joined before");
  CHECK_THROWS_WITH(dendrogram({{0, 3, 1, 2}, {1, 2, 2, 3}}),
                    "dendrogram: merge 0 joins cluster 3, which does not exist yet");
}
