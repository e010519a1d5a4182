#ifndef GATEHOUSE_CUTF8PROC_SHIM_H
#define GATEHOUSE_CUTF8PROC_SHIM_H
#include <utf8proc.h>
/* The importer leaves the option macros' type open; one named constant says which mapping is meant. */
static inline utf8proc_option_t gatehouse_nfkc_casefold_options(void) {
  return (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
}
static inline utf8proc_option_t gatehouse_nfkc_options(void) {
  return (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}
#endif
