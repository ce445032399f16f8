#include "host/app/allocator.hpp"

#ifdef MOONLAB_MIMALLOC
#include <mimalloc.h>
#endif

namespace moonlab::app {

void keep_freed_memory() {
#ifdef MOONLAB_MIMALLOC
  constexpr long kMilliseconds = 1000;
#if MI_MALLOC_VERSION < 210
  mi_option_set_default(mi_option_decommit_delay, kMilliseconds);
#else
  mi_option_set_default(mi_option_purge_delay, kMilliseconds);
#endif
#endif
}

}  // namespace moonlab::app
