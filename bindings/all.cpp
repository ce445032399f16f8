#include "bindings/all.hpp"
