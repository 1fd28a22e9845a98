/* Memory that the C library keeps. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Gives back to the system what was freed and is kept for later: for the end of rare
 * work that needed much. Takes some milliseconds; does nothing where the library knows
 * no such call. */
void base_memory_trim(void);

#endif
