#ifndef GATEHOUSE_CHIREDIS_SHIM_H
#define GATEHOUSE_CHIREDIS_SHIM_H
#include <hiredis/read.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* hiredis' reader with reply functions of our own. The stock functions allocate what a server announces ("*100000000"
 * reserves 783 MB); these write what has arrived onto a tape, within limits, and Swift makes its values of that. Written
 * here and not in Swift because later versions of the library add members to its structures. */

/* One value of a reply, in reading order: an array stands before its elements. */
typedef struct {
  /* REDIS_REPLY_STRING, _ARRAY, _INTEGER, _NIL, _STATUS or _ERROR. */
  int type;
  /* The integer; the bytes of a string, status or error; the elements of an array. */
  int64_t number;
} gatehouse_redis_item;

enum gatehouse_redis_fault {
  GATEHOUSE_REDIS_NO_FAULT = 0,
  /* What came is not RESP2, or nests more than seven arrays in one another. */
  GATEHOUSE_REDIS_MALFORMED,
  GATEHOUSE_REDIS_STRING_TOO_LONG,
  GATEHOUSE_REDIS_LINE_TOO_LONG,
  GATEHOUSE_REDIS_TOO_MANY_VALUES,
  GATEHOUSE_REDIS_REPLY_TOO_LONG,
  GATEHOUSE_REDIS_NO_MEMORY,
};

typedef struct {
  redisReader *_Nullable reader;
  gatehouse_redis_item *_Nullable items;
  size_t item_count;
  size_t item_capacity;
  /* The strings, statuses and errors of the reply, one after the other. */
  char *_Nullable bytes;
  size_t byte_count;
  size_t byte_capacity;
  /* Values of the reply: those that came and those that its arrays announce. */
  size_t expected;
  size_t max_string;
  size_t max_values;
  size_t max_reply;
  enum gatehouse_redis_fault fault;
} gatehouse_redis_decoder;

/* The longest status or error; the digits of a length or an integer need at most 20. */
#define GATEHOUSE_REDIS_MAX_LINE 65536
#define GATEHOUSE_REDIS_MAX_DIGITS 32
/* What is kept of the tape's memory from one reply to the next. */
#define GATEHOUSE_REDIS_KEPT_BYTES 65536
#define GATEHOUSE_REDIS_KEPT_ITEMS 4096

static inline void *gatehouse_redis_refuse(gatehouse_redis_decoder *decoder, enum gatehouse_redis_fault fault) {
  if (decoder->fault == GATEHOUSE_REDIS_NO_FAULT) decoder->fault = fault;
  return NULL;
}

/* What hiredis takes for the reply's object is the decoder itself: it only asks whether there is one. */
static inline void *gatehouse_redis_record(const redisReadTask *task, int type, int64_t number) {
  gatehouse_redis_decoder *decoder = (gatehouse_redis_decoder *)task->privdata;
  if (decoder->item_count == decoder->item_capacity) {
    size_t capacity = decoder->item_capacity == 0 ? 64 : decoder->item_capacity * 2;
    void *items = realloc(decoder->items, capacity * sizeof(gatehouse_redis_item));
    if (items == NULL) return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_NO_MEMORY);
    decoder->items = (gatehouse_redis_item *)items;
    decoder->item_capacity = capacity;
  }
  decoder->items[decoder->item_count].type = type;
  decoder->items[decoder->item_count].number = number;
  decoder->item_count += 1;
  return decoder;
}

static inline void *gatehouse_redis_create_string(const redisReadTask *task, char *text, size_t length) {
  gatehouse_redis_decoder *decoder = (gatehouse_redis_decoder *)task->privdata;
  if (task->type == REDIS_REPLY_STRING) {
    if (length > decoder->max_string) return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_STRING_TOO_LONG);
    /* hiredis calls once these two bytes are there as well, and does not look at them. */
    if (text[length] != '\r' || text[length + 1] != '\n') {
      return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_MALFORMED);
    }
  } else if (length > GATEHOUSE_REDIS_MAX_LINE) {
    return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_LINE_TOO_LONG);
  }
  if (length > decoder->max_reply - decoder->byte_count) {
    return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_REPLY_TOO_LONG);
  }
  if (length > decoder->byte_capacity - decoder->byte_count) {
    size_t capacity = decoder->byte_capacity * 2;
    if (capacity < decoder->byte_count + length) capacity = decoder->byte_count + length;
    if (capacity < 512) capacity = 512;
    void *bytes = realloc(decoder->bytes, capacity);
    if (bytes == NULL) return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_NO_MEMORY);
    decoder->bytes = (char *)bytes;
    decoder->byte_capacity = capacity;
  }
  if (length > 0) memcpy(decoder->bytes + decoder->byte_count, text, length);
  decoder->byte_count += length;
  return gatehouse_redis_record(task, task->type, (int64_t)length);
}

static inline void *gatehouse_redis_create_array(const redisReadTask *task, int elements) {
  gatehouse_redis_decoder *decoder = (gatehouse_redis_decoder *)task->privdata;
  if ((size_t)elements > decoder->max_values - decoder->expected) {
    return gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_TOO_MANY_VALUES);
  }
  decoder->expected += (size_t)elements;
  return gatehouse_redis_record(task, REDIS_REPLY_ARRAY, elements);
}

static inline void *gatehouse_redis_create_integer(const redisReadTask *task, long long value) {
  return gatehouse_redis_record(task, REDIS_REPLY_INTEGER, value);
}

static inline void *gatehouse_redis_create_nil(const redisReadTask *task) {
  return gatehouse_redis_record(task, REDIS_REPLY_NIL, 0);
}

static inline void gatehouse_redis_free_nothing(void *object) { (void)object; }

static inline void gatehouse_redis_decoder_free(gatehouse_redis_decoder *_Nullable decoder) {
  if (decoder == NULL) return;
  if (decoder->reader != NULL) redisReaderFree(decoder->reader);
  free(decoder->items);
  free(decoder->bytes);
  free(decoder);
}

/* NULL when there is no memory. max_string, max_reply: bytes; max_values: of one reply, those inside arrays included. */
static inline gatehouse_redis_decoder *_Nullable gatehouse_redis_decoder_create(size_t max_string, size_t max_values,
                                                                                size_t max_reply) {
  static redisReplyObjectFunctions functions = {
      gatehouse_redis_create_string, gatehouse_redis_create_array,  gatehouse_redis_create_integer,
      gatehouse_redis_create_nil,    gatehouse_redis_free_nothing,
  };
  gatehouse_redis_decoder *decoder = (gatehouse_redis_decoder *)calloc(1, sizeof(gatehouse_redis_decoder));
  if (decoder == NULL) return NULL;
  decoder->reader = redisReaderCreateWithFunctions(&functions);
  if (decoder->reader == NULL) {
    free(decoder);
    return NULL;
  }
  decoder->reader->privdata = decoder;
  decoder->max_string = max_string;
  decoder->max_values = max_values;
  decoder->max_reply = max_reply;
  return decoder;
}

/* Copies the bytes; false when there is no memory or the decoder has failed before. */
static inline int gatehouse_redis_decoder_feed(gatehouse_redis_decoder *_Nonnull decoder, const void *_Nonnull bytes,
                                               size_t length) {
  return redisReaderFeed(decoder->reader, (const char *)bytes, length) == REDIS_OK;
}

/* hiredis waits for a string as long as it is announced, and for the end of a line for ever: looks at what it waits for. */
static inline enum gatehouse_redis_fault gatehouse_redis_judge_unread(const gatehouse_redis_decoder *_Nonnull decoder) {
  const redisReader *reader = decoder->reader;
  if (reader->ridx < 0 || reader->pos >= reader->len) return GATEHOUSE_REDIS_NO_FAULT;
  const char *unread = reader->buf + reader->pos;
  size_t length = reader->len - reader->pos;
  int type = reader->rstack[reader->ridx].type;
  if (type == REDIS_REPLY_STATUS || type == REDIS_REPLY_ERROR) {
    return length > GATEHOUSE_REDIS_MAX_LINE ? GATEHOUSE_REDIS_LINE_TOO_LONG : GATEHOUSE_REDIS_NO_FAULT;
  }
  size_t announced = 0;
  for (size_t index = 0; index < length; index++) {
    char byte = unread[index];
    if (index == GATEHOUSE_REDIS_MAX_DIGITS) return GATEHOUSE_REDIS_LINE_TOO_LONG;
    if (byte == '\r') {
      int is_end = index + 1 == length || unread[index + 1] == '\n';
      return is_end ? GATEHOUSE_REDIS_NO_FAULT : GATEHOUSE_REDIS_MALFORMED;
    }
    if (type != REDIS_REPLY_STRING || byte < '0' || byte > '9') continue;
    announced = announced * 10 + (size_t)(byte - '0');
    if (announced > decoder->max_string) return GATEHOUSE_REDIS_STRING_TOO_LONG;
  }
  return GATEHOUSE_REDIS_NO_FAULT;
}

/* 1: `items` and `bytes` hold one reply, until the next call. 0: its end has not arrived. -1: `fault` says what is wrong;
 * nothing can be read any more. */
static inline int gatehouse_redis_decoder_next(gatehouse_redis_decoder *_Nonnull decoder) {
  void *reply = NULL;
  if (decoder->fault != GATEHOUSE_REDIS_NO_FAULT) return -1;
  if (decoder->reader->ridx < 0) {
    /* The reply of before has been taken. */
    decoder->item_count = 0;
    decoder->byte_count = 0;
    decoder->expected = 1;
    if (decoder->item_capacity > GATEHOUSE_REDIS_KEPT_ITEMS) {
      free(decoder->items);
      decoder->items = NULL;
      decoder->item_capacity = 0;
    }
    if (decoder->byte_capacity > GATEHOUSE_REDIS_KEPT_BYTES) {
      free(decoder->bytes);
      decoder->bytes = NULL;
      decoder->byte_capacity = 0;
    }
  }
  if (redisReaderGetReply(decoder->reader, &reply) != REDIS_OK) {
    gatehouse_redis_refuse(decoder, GATEHOUSE_REDIS_MALFORMED);
    return -1;
  }
  if (reply != NULL) return 1;
  decoder->fault = gatehouse_redis_judge_unread(decoder);
  return decoder->fault == GATEHOUSE_REDIS_NO_FAULT ? 0 : -1;
}
#endif
