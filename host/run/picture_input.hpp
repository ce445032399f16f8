// Pictures described as plain data, the form in which scripts give them.
#pragma once

#include <nlohmann/json.hpp>

#include "host/run/contact_sheet.hpp"
#include "host/run/graph_picture.hpp"

namespace moonlab::run {

/// { title, nodes = { { name, groups = {..}, block } .. }, edges = { { from, to } .. },
///   paths = { { nodes = { name .. }, count, deterministic } .. } }; nodes are named everywhere.
/// Errors, here and below: an unknown key or node with the nearest one, a value of another type.
GraphPicture graph_picture(const nlohmann::ordered_json& data);

/// { title, subtitle, columns, groups = { { name, colour } .. }, tiles = { { caption, group } .. } } and the tiles'
/// images, uint8 [n, 1 or 3, H, W].
ContactSheet contact_sheet(const nlohmann::ordered_json& data, const at::Tensor& images);

}  // namespace moonlab::run
