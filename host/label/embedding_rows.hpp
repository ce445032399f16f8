// One sample's five terms of label_embedding.hpp, and their derivatives: plain loops over its m labels.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace moonlab::label::rows {

template <class T>
struct Loss {
  T tau, alpha, power;
  bool two_sided;

  T hinge(T p) const {
    const T gap = two_sided ? std::abs(p - alpha) : std::max(T(0), p - alpha);
    return power == 1 ? gap : std::pow(gap, power);
  }
  T slope(T p) const {
    const T gap = p - alpha;
    if (gap == 0 || (gap < 0 && !two_sided)) return 0;
    const T size = power == 1 ? T(1) : power * std::pow(std::abs(gap), power - 1);
    return gap < 0 ? -size : size;
  }
};

/// What the derivatives need of a sample: logarithms of the sums of exp z1, exp z2, exp(z2 / tau) and exp e; (z2')_y; is
/// each output's prediction right; does the sample teach the embedding.
enum Stat { kLog1, kLog2, kLogTau, kLogE, kTrue, kRight1, kRight2, kTeaches, kStats };

/// Weighted derivatives of the whole with respect to a sample's terms.
template <class T>
struct Factors {
  T hard, soft, second, hinge, embedding;
};

/// Samples that one thread should at least have.
inline int64_t grain(int64_t m) { return std::max<int64_t>(1, 4096 / std::max<int64_t>(m, 1)); }

template <class T>
int64_t largest(const T* x, int64_t m) {
  return std::max_element(x, x + m) - x;
}

template <class T>
T log_sum(const T* x, int64_t m, T peak) {
  T sum = 0;
  for (int64_t i = 0; i < m; ++i) sum += std::exp(x[i] - peak);
  return peak + std::log(sum);
}

/// H(softmax(p / tau), softmax(q)) for log_q, the logarithm of q's sum; log_p is found on the way.
template <class T>
T cross(const T* p, T tau, const T* q, T log_q, int64_t m, T& log_p) {
  const T peak = p[largest(p, m)] / tau;
  T sum = 0, dot = 0;
  for (int64_t i = 0; i < m; ++i) {
    const T x = std::exp(p[i] / tau - peak);
    sum += x;
    dot += x * q[i];
  }
  log_p = peak + std::log(sum);
  return log_q - dot / sum;
}

/// Fills the sample's stats and its terms, those of the second output where there is one (z2 not null).
template <class T>
void forward(const Loss<T>& loss, int64_t m, const T* z1, const T* z2, const T* e, int64_t y, T* stats, double* terms) {
  const int64_t first = largest(z1, m);
  stats[kRight1] = first == y;
  stats[kLog1] = log_sum(z1, m, z1[first]);
  terms[0] = stats[kLog1] - z1[y];
  terms[1] = cross(e, T(1), z1, stats[kLog1], m, stats[kLogE]);
  if (!z2) return;
  const int64_t second = largest(z2, m);
  stats[kRight2] = second == y;
  stats[kLog2] = log_sum(z2, m, z2[second]);
  stats[kTrue] = std::exp(z2[y] - stats[kLog2]);
  terms[2] = stats[kLog2] - z2[y];
  terms[3] = loss.hinge(stats[kTrue]);
  terms[4] = cross(z2, loss.tau, e, stats[kLogE], m, stats[kLogTau]);
}

/// d1, d2 (null without a second output) and de (null where the sample does not teach): derivatives with respect to z1, z2, e.
template <class T>
void backward(const Loss<T>& loss, int64_t m, const T* z1, const T* z2, const T* e, int64_t y, const T* stats,
              const Factors<T>& f, T* d1, T* d2, T* de) {
  for (int64_t i = 0; i < m; ++i)
    d1[i] = (f.hard + f.soft) * std::exp(z1[i] - stats[kLog1]) - (f.soft != 0 ? f.soft * std::exp(e[i] - stats[kLogE]) : 0);
  d1[y] -= f.hard;
  if (d2) {
    const T factor = f.second - f.hinge * loss.slope(stats[kTrue]) * stats[kTrue];
    for (int64_t i = 0; i < m; ++i) d2[i] = factor * std::exp(z2[i] - stats[kLog2]);
    d2[y] -= factor;
  }
  if (de)
    for (int64_t i = 0; i < m; ++i)
      de[i] = f.embedding * (std::exp(e[i] - stats[kLogE]) - std::exp(z2[i] / loss.tau - stats[kLogTau]));
}

}  // namespace moonlab::label::rows
