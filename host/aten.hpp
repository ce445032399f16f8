// Precompiled header of the host: ATen with its operators, and the dispatcher.
// Never include torch/torch.h: it costs far more to compile and brings nothing that is used here.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
