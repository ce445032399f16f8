#include "host/run/ticks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace moonlab::run {

namespace {

std::string printed(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// 2.50e-05 -> 2.5e-5
std::string with_exponent(double value, const char* format) {
  std::string text = printed(format, value);
  const size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    while (mantissa.back() == '0') mantissa.pop_back();
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  return mantissa + "e" + std::to_string(std::stoi(text.substr(e + 1)));
}

int decimals(double step) { return std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9))); }

void widen(double& low, double& high) {
  if (high - low > std::abs(high) * 1e-12) return;
  const double half = low == 0 ? 1 : std::abs(low) * 0.1;
  low -= half, high += half;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  widen(low, high);
  const double raw = (high - low) / count, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double share = raw / power,
               factor = share <= 1   ? 1
                        : share <= 2 ? 2
                        : share <= 5 ? 5
                                     : 10,
               step = power * factor;
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9)),
             last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  std::vector<double> ticks;
  for (int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string tick_text(double value, double step, double largest) {
  if (std::abs(value) < step * 1e-9) return "0";
  const double size = std::max(std::abs(largest), step);
  if (size < 1e-4 || size >= 1e9) return with_exponent(value, "%.2e");
  char text[48];
  if (size >= 1e6 && step >= 1e4) std::snprintf(text, sizeof text, "%.*fM", decimals(step / 1e6), value / 1e6);
  else if (size >= 1e4 && step >= 100) std::snprintf(text, sizeof text, "%.*fk", decimals(step / 1e3), value / 1e3);
  else std::snprintf(text, sizeof text, "%.*f", decimals(step), value);
  return text;
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (size == 0) return "0";
  if ((size < 1e-3 || size >= 1e5)) return with_exponent(value, "%.2e");
  return printed(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
}

Range::Range(bool logarithmic) : low(INFINITY), high(-INFINITY), log(logarithmic) {}

void Range::add(double value) {
  if (std::isfinite(value) && (!log || value > 0)) low = std::min(low, value), high = std::max(high, value);
}

Scale::Scale(Range range, int count, bool covering, bool whole) : low_(range.low), high_(range.high), log_(range.log) {
  if (log_) {
    // 1 2 5 within three decades, else powers of ten, so many apart that the count is kept
    if (high_ <= low_ * (1 + 1e-12)) low_ /= 2, high_ *= 2;
    const double decades = std::log10(high_ / low_);
    const int apart = std::max(1, static_cast<int>(std::ceil(decades / count)));
    const int first = static_cast<int>(std::floor(std::log10(low_) + 1e-9)),
              last = static_cast<int>(std::ceil(std::log10(high_) - 1e-9));
    std::vector<double> all;
    for (int e = first; e <= last; ++e) {
      if (decades <= 3)
        for (int factor : {1, 2, 5}) all.push_back(std::pow(10.0, e) * factor);
      else if ((e - first) % apart == 0) all.push_back(std::pow(10.0, e));
    }
    if (covering) {
      for (double t : all)
        if (t <= range.low * (1 + 1e-9)) low_ = t;
      for (auto t = all.rbegin(); t != all.rend(); ++t)
        if (*t >= range.high * (1 - 1e-9)) high_ = *t;
      if (high_ <= low_) high_ = low_ * 10;
    }
    for (double t : all)
      if (t >= low_ * (1 - 1e-9) && t <= high_ * (1 + 1e-9)) ticks_.push_back(t);
    for (double t : ticks_) texts_.push_back(tick_text(t, std::pow(10.0, std::floor(std::log10(t) + 1e-9)), t));
    return;
  }
  if (!covering) widen(low_, high_);
  auto ticks = round_ticks(low_, high_, count);
  if (whole && ticks[1] - ticks[0] < 1) {
    ticks.clear();
    for (double t = std::floor(low_); t <= std::ceil(high_); ++t) ticks.push_back(t);
    if (ticks.size() == 1) ticks.push_back(ticks[0] + 1);
  }
  const double step = ticks[1] - ticks[0];
  if (covering) low_ = ticks.front(), high_ = ticks.back();
  for (double t : ticks) {
    if (t < low_ - step * 1e-9 || t > high_ + step * 1e-9) continue;
    ticks_.push_back(t);
    texts_.push_back(tick_text(t, step, std::max(std::abs(low_), std::abs(high_))));
  }
}

bool Scale::shows(double value) const { return std::isfinite(value) && (!log_ || value > 0); }

double Scale::operator()(double value) const {
  const double share = log_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
  return from_ + share * (to_ - from_);
}

}  // namespace moonlab::run
