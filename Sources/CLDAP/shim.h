#ifndef GATEHOUSE_CLDAP_SHIM_H
#define GATEHOUSE_CLDAP_SHIM_H
#include <lber.h>
#include <ldap.h>
#include <openldap.h>
#include <sys/time.h>

/* Only what the importer drops: pointer-cast macros, function-like macros, and calls that would make Swift build arrays
 * of C structures. */

#define GATEHOUSE_LDAP_TLS_1_2 0x303

static inline int gatehouse_ldap_set_int(LDAP *_Nullable ld, int option, int value) {
  return ldap_set_option(ld, option, &value);
}
static inline int gatehouse_ldap_set_bool(LDAP *_Nullable ld, int option, int on) {
  return ldap_set_option(ld, option, on ? LDAP_OPT_ON : LDAP_OPT_OFF);
}
static inline int gatehouse_ldap_set_string(LDAP *_Nullable ld, int option, const char *_Nonnull value) {
  return ldap_set_option(ld, option, value);
}
static inline int gatehouse_ldap_get_int(LDAP *_Nonnull ld, int option) {
  int value = -1;
  ldap_get_option(ld, option, &value);
  return value;
}
/* To be freed with ldap_memfree. */
static inline char *_Nullable gatehouse_ldap_get_string(LDAP *_Nonnull ld, int option) {
  char *value = NULL;
  ldap_get_option(ld, option, &value);
  return value;
}

/* The longest message that is accepted from a server. */
static inline int gatehouse_ldap_limit_incoming(LDAP *_Nonnull ld, ber_len_t bytes) {
  Sockbuf *buffer = NULL;
  if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS || buffer == NULL) return -1;
  return ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &bytes);
}
/* Whether liblber holds bytes that were received and not yet read. */
static inline int gatehouse_ldap_has_buffered(LDAP *_Nonnull ld) {
  Sockbuf *buffer = NULL;
  if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS || buffer == NULL) return 1;
  return ber_sockbuf_ctrl(buffer, LBER_SB_OPT_DATA_READY, NULL) == 1;
}

/* Simple bind with the password policy request control (draft-behera-ldap-password-policy); never the unauthenticated
 * bind of RFC 4513, section 5.1.2. libldap reads the password and does not change it. */
static inline int gatehouse_ldap_simple_bind(LDAP *_Nonnull ld, const char *_Nonnull dn, const void *_Nonnull password,
                                             size_t length, int *_Nonnull message) {
  struct berval credentials = {length, (char *)password};
  LDAPControl policy = {(char *)LDAP_CONTROL_PASSWORDPOLICYREQUEST, {0, NULL}, 0};
  LDAPControl *controls[] = {&policy, NULL};
  if (length == 0 || *dn == '\0') return LDAP_INAPPROPRIATE_AUTH;
  return ldap_sasl_bind(ld, dn, LDAP_SASL_SIMPLE, &credentials, controls, NULL, message);
}
/* SASL EXTERNAL with an empty authorization identity: who the connection already proves us to be. */
static inline int gatehouse_ldap_external_bind(LDAP *_Nonnull ld, int *_Nonnull message) {
  struct berval credentials = {0, (char *)""};
  return ldap_sasl_bind(ld, NULL, "EXTERNAL", &credentials, NULL, NULL, message);
}

/* ldap_result for the next message, with a timeout in milliseconds. */
static inline int gatehouse_ldap_result(LDAP *_Nonnull ld, int message, int milliseconds,
                                        LDAPMessage *_Nullable *_Nonnull result) {
  struct timeval timeout = {milliseconds / 1000, (milliseconds % 1000) * 1000};
  return ldap_result(ld, message, LDAP_MSG_ONE, &timeout, result);
}
/* ldap_search_ext without controls; `seconds` is the time limit that the server is told. */
static inline int gatehouse_ldap_search(LDAP *_Nonnull ld, const char *_Nonnull base, int scope,
                                        const char *_Nonnull filter, char *_Nullable *_Nullable attributes, int seconds,
                                        int size_limit, int *_Nonnull message) {
  struct timeval limit = {seconds, 0};
  return ldap_search_ext(ld, base, scope, filter, attributes, 0, NULL, NULL, &limit, size_limit, message);
}
#endif
