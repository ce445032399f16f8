// require "host.metric": rank correlation, clustering of labels, statistics of a few results, reports of classifiers.
// A list of numbers is a table or a tensor, a matrix a tensor [K, K] or a list of rows; classes count from 0.
#include "bindings/all.hpp"
#include "bindings/graph.hpp"
#include "bindings/lua.hpp"
#include "host/metric/classification.hpp"
#include "host/metric/distances.hpp"
#include "host/metric/kendall.hpp"
#include "host/metric/linkage.hpp"
#include "host/metric/numbers.hpp"
#include "host/metric/statistics.hpp"

namespace moonlab::lua {

namespace {

std::vector<double> check_numbers(lua_State* L, int index) {
  if (const at::Tensor* tensor = test_tensor(L, index)) return metric::numbers(*tensor);
  if (!lua_istable(L, index)) argument_error(L, index, "a list of numbers or a tensor");
  std::vector<double> list;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, index)); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) != LUA_TNUMBER) fail("a list of numbers has ", describe(L, lua_gettop(L)), " at place ", i);
    list.push_back(lua_tonumber(L, -1));
    lua_pop(L, 1);
  }
  return list;
}

std::vector<int64_t> check_classes(lua_State* L, int index) {
  if (const at::Tensor* tensor = test_tensor(L, index)) return metric::integers(*tensor);
  return check_integers(L, index);
}

/// A matrix of as many columns as rows: its numbers and how many rows there are.
std::pair<std::vector<double>, int64_t> check_square(lua_State* L, int index) {
  if (const at::Tensor* tensor = test_tensor(L, index)) {
    if (tensor->dim() != 2 || tensor->size(0) != tensor->size(1)) argument_error(L, index, "a square matrix");
    return {metric::numbers(*tensor), tensor->size(0)};
  }
  if (!lua_istable(L, index)) argument_error(L, index, "a square matrix");
  const auto rows = static_cast<int64_t>(lua_objlen(L, index));
  std::vector<double> values;
  for (int i = 1; i <= rows; ++i) {
    lua_rawgeti(L, index, i);
    const auto row = check_numbers(L, lua_gettop(L));
    lua_pop(L, 1);
    if (static_cast<int64_t>(row.size()) != rows)
      fail("row ", i, " of a matrix of ", rows, " rows has ", row.size(), " numbers");
    values.insert(values.end(), row.begin(), row.end());
  }
  return {std::move(values), rows};
}

void set(lua_State* L, const char* key, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, key);
}
template <class T>
void set(lua_State* L, const char* key, const std::vector<T>& list) {
  push(L, list);
  lua_setfield(L, -2, key);
}

/// kendall_tau_b(x, y) -> number; nan where it is undefined
int kendall_tau_b(lua_State* L) {
  lua_pushnumber(L, metric::kendall_tau_b(check_numbers(L, 1), check_numbers(L, 2)));
  return 1;
}

/// semantic_score(learned [K, K], given [K, K]) -> { mean, per_class = list, undefined = how many of them }
int semantic_score(lua_State* L) {
  const auto [learned, k] = check_square(L, 1);
  const auto score = metric::semantic_score(learned, check_square(L, 2).first, k);
  lua_newtable(L);
  set(L, "mean", score.mean);
  set(L, "per_class", score.per_class);
  set(L, "undefined", static_cast<double>(score.undefined));
  return 1;
}

/// linkage(distances [K, K], "average") -> float64 [K - 1, 4]: left, right, height, size, as scipy's linkage
int linkage(lua_State* L) {
  auto [distances, k] = check_square(L, 1);
  const auto merges = metric::linkage(std::move(distances), k, metric::linkage_named(optional_string(L, 2, "average")));
  std::vector<double> z;
  for (const auto& m : merges)
    z.insert(z.end(),
             {static_cast<double>(m.left), static_cast<double>(m.right), m.height, static_cast<double>(m.size)});
  push(L, metric::matrix(z, static_cast<int64_t>(merges.size()), 4));
  return 1;
}

/// dendrogram(linkage [K - 1, 4], "none" | "ascending" | "descending") -> { order = the leaves from left to right,
/// links = { { cluster, x = { 4 numbers }, y = { 4 numbers } }, ... } }: leaf i of the order stands at x = i - 1
int dendrogram(lua_State* L) {
  const at::Tensor& z = check_tensor(L, 1);
  if (z.dim() != 2 || z.size(1) != 4) argument_error(L, 1, "a linkage [K - 1, 4]");
  const auto rows = metric::numbers(z);
  std::vector<metric::Merge> merges;
  for (size_t i = 0; i < rows.size(); i += 4)
    merges.push_back({static_cast<int64_t>(rows[i]), static_cast<int64_t>(rows[i + 1]), rows[i + 2],
                      static_cast<int64_t>(rows[i + 3])});
  const auto made = metric::dendrogram(merges, metric::branch_order_named(optional_string(L, 2, "none")));
  lua_newtable(L);
  set(L, "order", made.order);
  lua_createtable(L, static_cast<int>(made.links.size()), 0);
  for (size_t i = 0; i < made.links.size(); ++i) {
    const auto& link = made.links[i];
    lua_newtable(L);
    set(L, "cluster", static_cast<double>(link.cluster));
    set(L, "x", std::vector<double>(link.x.begin(), link.x.end()));
    set(L, "y", std::vector<double>(link.y.begin(), link.y.end()));
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "links");
  return 1;
}

/// distances(vectors [K, d]) -> Euclidean distances, float64 [K, K]
int distances(lua_State* L) {
  push(L, metric::vector_distances(check_tensor(L, 1)));
  return 1;
}

/// similarity_distances(similarities [K, K]) -> float64 [K, K]: distances between vectors whose products they are
int similarity_distances(lua_State* L) {
  push(L, metric::similarity_distances(check_tensor(L, 1)));
  return 1;
}

/// graph_distances(label graph, names) -> float64 [K, K]: edges of the shortest path over a common ancestor
int graph_distances(lua_State* L) {
  const auto g = check_object<graph::LabelGraph>(L, 1);
  std::vector<graph::Token> nodes;
  for (const auto& name : check_strings(L, 2)) nodes.push_back(g->at(name));
  push(L, metric::ancestor_distances(*g, nodes));
  return 1;
}

/// wordnet_distances(synsets, folder or nil) -> float64 [K, K], from a dictionary of WordNet
int wordnet_distances(lua_State* L) {
  push(L, metric::wordnet_distances(check_strings(L, 1), optional_string(L, 2, "")));
  return 1;
}

/// spread(values) -> { mean, deviation, n }; the deviation is that of a sample
int spread(lua_State* L) {
  const auto s = metric::spread(check_numbers(L, 1));
  lua_newtable(L);
  set(L, "mean", s.mean);
  set(L, "deviation", s.deviation);
  set(L, "n", static_cast<double>(s.n));
  return 1;
}

/// confidence_interval(values, level = 0.95) -> { mean, low, high }
int confidence_interval(lua_State* L) {
  const auto i = metric::confidence_interval(check_numbers(L, 1), optional_number(L, 2, 0.95));
  lua_newtable(L);
  set(L, "mean", i.mean);
  set(L, "low", i.low);
  set(L, "high", i.high);
  return 1;
}

int push_test(lua_State* L, const metric::PairedTest& test) {
  lua_newtable(L);
  set(L, "statistic", test.statistic);
  set(L, "p", test.p);
  set(L, "df", test.df);
  set(L, "difference", test.difference);
  return 1;
}

/// paired_t(a, b) -> { statistic, p, df, difference = mean of a - b }, both sides
int paired_t(lua_State* L) { return push_test(L, metric::paired_t(check_numbers(L, 1), check_numbers(L, 2))); }

/// wilcoxon(a, b) -> { statistic, p, df = differences that are not 0, difference }
int wilcoxon(lua_State* L) { return push_test(L, metric::wilcoxon(check_numbers(L, 1), check_numbers(L, 2))); }

/// holm(p values) -> corrected p values, in the order given
int holm(lua_State* L) {
  push(L, metric::holm(check_numbers(L, 1)));
  return 1;
}

/// student_quantile(level, df) -> t with P(|T| <= t) = level
int student_quantile(lua_State* L) {
  lua_pushnumber(L, metric::student_quantile(check_number(L, 1), check_number(L, 2)));
  return 1;
}

/// confusion(truth long[N], predicted long[N], K) -> float64 [K, K], a row for each true class
int confusion(lua_State* L) {
  const int64_t k = check_integer(L, 3);
  const auto counts = metric::confusion(check_classes(L, 1), check_classes(L, 2), k);
  push(L, metric::matrix({counts.begin(), counts.end()}, k, k));
  return 1;
}

/// class_report(truth long[N], predicted long[N], K) -> { precision, recall, f1, support, predicted }: lists of K
/// numbers
int class_report(lua_State* L) {
  const int64_t k = check_integer(L, 3);
  const auto truth = check_classes(L, 1);
  const auto counts = metric::confusion(truth, check_classes(L, 2), k);
  const auto report = metric::class_report(counts, metric::class_sizes(truth, k), k);
  lua_newtable(L);
  set(L, "precision", report.precision);
  set(L, "recall", report.recall);
  set(L, "f1", report.f1);
  set(L, "support", report.support);
  set(L, "predicted", report.predicted);
  return 1;
}

/// reliability(confidence float[N], hit bool[N], bins) -> { count, confidence, accuracy: lists of `bins` numbers, ece,
/// mce }
int reliability(lua_State* L) {
  const auto hits = metric::numbers(check_tensor(L, 2));
  const auto r = metric::reliability(check_numbers(L, 1), {hits.begin(), hits.end()}, check_integer(L, 3));
  lua_newtable(L);
  set(L, "count", r.count);
  set(L, "confidence", r.confidence);
  set(L, "accuracy", r.accuracy);
  set(L, "ece", r.ece);
  set(L, "mce", r.mce);
  return 1;
}

}  // namespace

int open_metric(lua_State* L) {
  const luaL_Reg functions[] = {{"kendall_tau_b", kendall_tau_b},
                                {"semantic_score", semantic_score},
                                {"linkage", linkage},
                                {"dendrogram", dendrogram},
                                {"distances", distances},
                                {"similarity_distances", similarity_distances},
                                {"graph_distances", graph_distances},
                                {"wordnet_distances", wordnet_distances},
                                {"spread", spread},
                                {"confidence_interval", confidence_interval},
                                {"paired_t", paired_t},
                                {"wilcoxon", wilcoxon},
                                {"holm", holm},
                                {"student_quantile", student_quantile},
                                {"confusion", confusion},
                                {"class_report", class_report},
                                {"reliability", reliability},
                                {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
