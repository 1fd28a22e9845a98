#include "base_memory.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void base_memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
