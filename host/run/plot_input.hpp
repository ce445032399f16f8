// Plots described as plain data, the form in which scripts give them.
#pragma once

#include <nlohmann/json.hpp>

#include "host/run/plot.hpp"

namespace moonlab::run {

/// A plot as a drawing; `kind` says which keys there are, all but the lists of data optional:
///   xy     title, subtitle, x = axis, y = axis, series = { { name, x, y, low, high, mark, width, colour, dashed } ..
///   },
///          height, references = { { name, offset, slope } .. }; an axis is { label, log, low, high }, a mark line, points or
///          bars
///   bars   title, subtitle, label, labels, series = { { name, value, error } .. }, signs
///   heat   title, subtitle, label, row_label, column_label, rows, columns, values (row by row), diverging, low, high
///   trees  title, subtitle, labels, trees = { { title, axis, merges = { { a, b, height, size } .. } } .. }
///   table  title, subtitle, header, rows
///   stack  title, columns, parts = { plot .. }
/// Errors: an unknown kind or key with the nearest one, a value of another type, what plot.hpp says.
Drawing draw_plot(const nlohmann::ordered_json& data, const Style& style = {});

}  // namespace moonlab::run
